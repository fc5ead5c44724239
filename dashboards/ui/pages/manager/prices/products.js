/** Finding a product, changing its price, what is planned, and watching who confirms. */
import { html, useState, useEffect } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, post, patch, path } from '../../../core/api.js';
import { money, dateTime } from '../../../core/format.js';
import { madeChanges, storeId, keepChange } from '../../../core/store.js';
import { route, go } from '../../../core/route.js';
import { ChangeCard } from '../../../parts/timeline.js';
import { Confirm } from '../../../parts/confirm.js';
import { Empty } from '../../../parts/states.js';
import { Icon } from '../../../parts/icon.js';
import { toast, dropToast, complain } from '../../../parts/toast.js';
import { ProductSearch } from '../product-search.js';
import { PriceDialog } from '../price-dialog.js';
import { CategoryDialog } from './category-dialog.js';
import { GroupCard } from './group-card.js';
import { grouped } from './groups.js';
import { Planned, askChanges, takeBack } from './planned.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

/** Open the sheet of the product that the address names (`#/prices/GTIN`). */
function useLinked(open) {
  const gtin = route.value[1];
  useEffect(() => {
    if (!gtin) return;
    get(path(['api', 'stores', storeId.value, 'products'], { q: gtin, limit: 1 }))
      .then((found) => found.items[0] && open(found.items[0]))
      .catch(complain);
  }, [gtin]);
}

/** Publish the price before a change again, and say so. */
async function undo(change) {
  const made = await post(path(['api', 'changes', change.id, 'undo']));
  keepChange(made);
  dropToast(`change ${change.id}`);
  toast(t(manager.undone, { price: money(made.to_minor) }));
}

function sayDone(change) {
  const said = { product: t(change.name), price: money(change.to_minor) };
  if (change.state === 'planned') {
    toast(t(words.planned, { ...said, time: dateTime(change.effective_ms) }), 'done', { word: t(words.takeBack), about: change.group, act: () => takeBack(change.group) });
  } else {
    toast(t(manager.published, said), 'done', { word: t(manager.undo), about: `change ${change.id}`, act: () => undo(change) });
  }
}

const Timeline = ({ onUndo, onRetire }) => html`
  <section class="timeline" aria-label=${t(manager.timeline)}>
    <h2>${t(manager.timeline)}</h2>
    ${madeChanges.value.length === 0 && html`<${Empty} icon="tag" title=${t(manager.noChanges)} note=${t(manager.noChangesNote)} />`}
    ${grouped(madeChanges.value).map((group) => (group.changes.length > 1
      ? html`<${GroupCard} key=${group.key} group=${group} onUndo=${onUndo} onRetire=${onRetire} />`
      : html`<${ChangeCard} key=${group.key} change=${group.changes[0]} onUndo=${onUndo} onRetire=${onRetire} />`))}
  </section>`;

export function Products() {
  const [product, setProduct] = useState(null);
  const [isCategory, setCategory] = useState(false);
  const [undoing, setUndoing] = useState(null);
  const [retiring, setRetiring] = useState(null);
  useLinked(setProduct);

  const shut = () => {
    setProduct(null);
    if (route.value[1]) go('prices');
  };
  const onDone = (change) => {
    keepChange(change);
    // A return that was planned with it is a change of its own.
    askChanges().catch(complain);
    sayDone(change);
    shut();
  };
  const retire = async () => {
    await patch(path(['api', 'devices', retiring]), { in_service: false });
    toast(t(manager.retired, { name: retiring }));
  };

  return html`
    <div class="prices">
      <${ProductSearch} onPick=${setProduct} side=${html`<button class="button" onClick=${() => setCategory(true)}><${Icon} name="layers" size=${18} /> ${t(words.changeCategory)}</button>`} />
      <div class="column">
        <${Planned} />
        <${Timeline} onUndo=${setUndoing} onRetire=${setRetiring} />
      </div>
    </div>
    ${product && html`<${PriceDialog} key=${product.gtin} product=${product} onDone=${onDone} onClose=${shut} />`}
    ${isCategory && html`<${CategoryDialog} onClose=${() => setCategory(false)} />`}
    ${retiring && html`<${Confirm} title=${t(manager.retireTitle, { name: retiring })} note=${t(manager.retireNote)} action=${t(manager.retire, { name: retiring })} tone="danger"
      onDo=${retire} onClose=${() => setRetiring(null)} />`}
    ${undoing && html`
      <${Confirm} title=${t(manager.undoTitle)} note=${t(manager.undoNote)} action=${t(manager.undo)} onDo=${() => undo(undoing)} onClose=${() => setUndoing(null)}>
        <p class="undo-line"><b>${t(undoing.name)}</b> <span>${money(undoing.to_minor)} → <b>${money(undoing.from_minor)}</b></span></p>
      <//>`}`;
}
