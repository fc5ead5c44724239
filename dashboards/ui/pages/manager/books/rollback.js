/** Going back to an earlier book, with what that will undo. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { post, path } from '../../../core/api.js';
import { storeId } from '../../../core/store.js';
import { Confirm } from '../../../parts/confirm.js';
import { reasonText } from '../../../parts/reason.js';
import { toast } from '../../../parts/toast.js';
import prices from '../../../words/prices.js';
import words from '../../../words/books.js';

const SHOWN = 5;

/** @param {{book: object, books: object[], onDone: () => void, onClose: () => void}} props */
export function Rollback({ book, books, onDone, onClose }) {
  const { version } = book;
  const after = books.filter((one) => one.version > version && ['past', 'current'].includes(one.state));
  const act = async () => {
    const made = await post(path(['api', 'stores', storeId.value, 'books', version, 'rollback']));
    const count = made.new + made.edited + made.repriced + made.gone;
    toast(made.book_version == null ? t(words.rolledBackSame, { version }) : t(words.rolledBack, { version, count }));
    onDone();
  };
  return html`
    <${Confirm} title=${t(words.rollBackTitle, { version })} note=${t(words.rollBackNote, { version })} action=${t(words.rollBackTo, { version })} onDo=${act} onClose=${onClose}>
      ${after.length > 0 && html`
        <div class="rollback-after">
          <p>${t(words.rollBackUndoes)}</p>
          <ul>${after.slice(0, SHOWN).map((one) => html`<li key=${one.version}><b>${t(words.book, { version: one.version })}</b> ${one.reason ? reasonText(one.reason) : t(prices.noReason)}</li>`)}</ul>
          ${after.length > SHOWN && html`<p class="muted">${t(words.rollBackMore, { count: after.length - SHOWN })}</p>`}
        </div>`}
    <//>`;
}
