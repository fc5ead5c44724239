/** The list of a store's price books, newest first. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { dateTime, wait } from '../../../core/format.js';
import { now } from '../../../core/clock.js';
import { useEvery } from '../../../core/load.js';
import { changes } from '../../../core/store.js';
import { Badge, Card } from '../../../parts/bits.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { Icon } from '../../../parts/icon.js';
import { reasonText } from '../../../parts/reason.js';
import prices from '../../../words/prices.js';
import words, { bookStates } from '../../../words/books.js';

const TONES = { current: 'ok', planned: 'info' };
const DUE_MS = 1000;

/**
 * Every edition names what is planned anew, under the reason of the change that made the edition: what a planned
 * book is about stands in its changes, and the planned books of the editions before are the same plan again.
 */
function plannedText(book) {
  const about = changes.value.filter((change) => change.state === 'planned' && change.effective_ms === book.effective_ms);
  if (!about.length) return book.reason && reasonText(book.reason);
  const name = about.length === 1 ? t(about[0].name) : t(prices.pricesTogether, { count: about.length });
  return [name, about[0].reason && reasonText(about[0].reason)].filter(Boolean).join(' · ');
}

const isRepeated = (book, books) => book.state === 'undone'
  && books.some((one) => one.version > book.version && one.effective_ms === book.effective_ms && one.state !== 'undone');

const Book = ({ book, onRollback }) => {
  const left_ms = book.effective_ms - now.value;
  const text = book.state === 'planned' ? plannedText(book) : book.reason && reasonText(book.reason);
  return html`
    <li class="row book" data-state=${book.state}>
      <span class="row-text">
        <span class="book-head"><b>${t(words.book, { version: book.version })}</b> <${Badge} tone=${TONES[book.state]} icon=${book.state === 'current' ? 'check' : undefined}>${t(bookStates[book.state]) || book.state}<//></span>
        ${text && html`<span class="book-reason">${text}</span>`}
        <small>${t(words.madeBy, { name: book.by, time: dateTime(book.made_ms) })}${book.effective_ms > book.made_ms && ` · ${t(words.counts, { time: dateTime(book.effective_ms) })}`}</small>
      </span>
      ${book.state === 'planned' && left_ms > 0 && html`<b class="plan-wait" role="timer">${t(prices.comesIn, { span: wait(left_ms) })}</b>`}
      ${book.state === 'past' && html`<button class="button" data-size="small" onClick=${() => onRollback(book)}><${Icon} name="undo" size=${16} /> <span>${t(words.rollBack)} <span class="visually-hidden">${t(words.toBook, { version: book.version })}</span></span></button>`}
    </li>`;
};

/** What comes stands above what counts, whatever its number. */
const planFirst = (a, b) => (b.state === 'planned') - (a.state === 'planned') || (a.state === 'planned' ? b.effective_ms - a.effective_ms : b.version - a.version);

/** @param {{load: object, onRollback: (book: object) => void}} props `load`: a `useLoad` of the books */
export function Books({ load, onRollback }) {
  useEvery(DUE_MS, () => load.data?.some((book) => book.state === 'planned' && book.effective_ms <= now.value) && load.reload());
  return html`
    <${Card} title=${t(words.versions)} flush>
      <${Loaded} load=${load} rows=${5} empty=${html`<${Empty} icon="layers" title=${t(words.noBooks)} />`}>
        ${(books) => html`<ul class="rows">${books.filter((book) => !isRepeated(book, books)).sort(planFirst).map((book) => html`<${Book} key=${book.version} book=${book} onRollback=${onRollback} />`)}</ul>`}
      <//>
    <//>`;
}
