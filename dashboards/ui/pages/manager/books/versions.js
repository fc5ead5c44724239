/** The versions of the price book: which counts, which come, and who holds which. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, path } from '../../../core/api.js';
import { storeId, priceTurn } from '../../../core/store.js';
import { useLoad } from '../../../core/load.js';
import { Books } from './books.js';
import { Holders } from './holders.js';
import { Rollback } from './rollback.js';
import { askChanges } from '../prices/planned.js';

export function Versions() {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'books'])), [storeId.value, priceTurn.value]);
  useEffect(() => {
    askChanges().catch(() => {});
  }, [storeId.value, priceTurn.value]);
  const [target, setTarget] = useState(null);
  const current = load.data?.find((book) => book.state === 'current');
  return html`
    <div class="two-columns">
      <${Books} load=${load} onRollback=${setTarget} />
      <${Holders} current=${current} />
    </div>
    ${target && html`<${Rollback} book=${target} books=${load.data} onDone=${load.reload} onClose=${() => setTarget(null)} />`}`;
}
