/** What came of an import: counts, and the rows that were not taken. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { number } from '../../../core/format.js';
import { href } from '../../../core/route.js';
import { Badge, Card } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import { running, rejectedAddress } from './running.js';
import words from '../../../words/books.js';

const Figure = ({ word, value, tone }) => html`<div class="figure" data-tone=${value && tone}><dt>${t(word)}</dt><dd>${number(value)}</dd></div>`;

const Rejected = ({ one }) => {
  const { rejected, rejected_count } = one.result;
  return html`
    <${Card} title=${t(words.rejectedTitle)} flush side=${html`<a class="button" href=${rejectedAddress(one)} download><${Icon} name="download" size=${18} /> ${t(words.rejectedAll)}</a>`}>
      <p class="muted card-note">${t(words.rejectedNote)}${rejected_count > rejected.length && ` ${t(words.rejectedFirst, { shown: number(rejected.length), count: number(rejected_count) })}`}</p>
      <div class="scroll" tabindex="0" role="group" aria-label=${t(words.rejectedTitle)}>
        <table class="table rejected">
          <thead><tr><th scope="col" class="num">${t(words.row)}</th><th scope="col">${t(words.barcode)}</th><th scope="col">${t(words.why)}</th></tr></thead>
          <tbody>${rejected.map((row) => html`<tr key=${row.row}><td class="num">${row.row}</td><td>${row.gtin || '—'}</td><td lang="en">${row.reason}</td></tr>`)}</tbody>
        </table>
      </div>
    <//>`;
};

export function Result({ one }) {
  const { result, name } = one;
  const count = result.rejected_count;
  const isNothing = count > 0 && count === result.rows;
  const title = isNothing ? t(words.doneNone, { name }) : count ? t(words.doneSome, { name, count: number(count) }) : t(words.done, { name });
  return html`
    <${Card} title=${title}>
      ${result.book_version != null && html`<p><${Badge} tone="ok" icon="check">${t(words.asBook, { version: result.book_version })}<//> <a href=${href('prices', 'versions')}>${t(words.seeVersions)}</a></p>`}
      <dl class="figures import-figures" role="status">
        <${Figure} word=${words.rows} value=${result.rows} />
        <${Figure} word=${words.repriced} value=${result.repriced} />
        <${Figure} word=${words.fresh} value=${result.new} />
        <${Figure} word=${words.edited} value=${result.edited} />
        <${Figure} word=${words.unchanged} value=${result.unchanged} />
        <${Figure} word=${words.rejected} value=${count} tone="bad" />
      </dl>
      <div class="buttons"><button class="button" onClick=${() => { running.value = null; }}>${t(words.another)}</button></div>
    <//>
    ${count > 0 && html`<${Rejected} one=${one} />`}`;
}
