/** The store's bays: their planograms, how they looked on the last photos, and what is to be done. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del } from '../../core/api.js';
import { date, number, percent } from '../../core/format.js';
import { Ago, Badge, Card } from '../../parts/bits.js';
import { baysPath, photograph, useBays } from '../../parts/bays.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Tasks } from '../../parts/tasks.js';
import { BayDialog } from './bay-dialog.js';
import words from '../../words/shelves.js';

const toneOf = (share) => (share >= 0.98 ? 'ok' : share >= 0.9 ? 'busy' : 'bad');

/** Shares as planned of the last photos, the oldest first, as bars. */
const History = ({ audits }) => html`
  <ol class="bay-history" aria-label=${t(words.history)}>
    ${audits.slice(0, 12).reverse().map((one) => {
      const share = one.right / one.facings;
      return html`<li key=${one.id} data-tone=${toneOf(share)} style=${`--share: ${share}`} title=${`${date(one.at_ms)}: ${percent(share)}`}><span class="visually-hidden">${date(one.at_ms)} ${percent(share)}</span></li>`;
    })}
  </ol>`;

function Bay({ bay, onEdit, onRemove }) {
  const last = bay.audits[0];
  return html`
    <li class="bay" data-bay=${bay.id}>
      <header><h3>${t(bay.name)} <small>${bay.id}</small></h3>
        ${last ? html`<${Badge} tone=${toneOf(last.right / last.facings)}>${percent(last.right / last.facings)}<//>` : html`<${Badge}>${t(words.neverSeen)}<//>`}</header>
      <p class="muted">${t(words.planned, { shelves: number(bay.shelves), facings: number(bay.facings), products: number(bay.products) })}</p>
      ${last && html`<p>${t(words.found, { gaps: number(last.gaps), wrong: number(last.wrong) })} <small>· <${Ago} ms=${last.at_ms} /> · ${last.by}</small></p>`}
      ${bay.audits.length > 1 && html`<${History} audits=${bay.audits} />`}
      <footer class="buttons">
        <button class="button" data-size="small" onClick=${() => photograph(bay.id)}><${Icon} name="camera" size=${18} /> ${t(words.photograph)}</button>
        <button class="button" data-size="small" onClick=${onEdit}><${Icon} name="upload" size=${18} /> ${t(words.newPlan)}</button>
        <button class="icon-button" aria-label=${t(words.remove, { name: t(bay.name) })} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>
      </footer>
    </li>`;
}

export function Shelves() {
  const load = useBays();
  const [editing, setEditing] = useState(null);
  const [removing, setRemoving] = useState(null);
  return html`
    <${Tasks} isOfLabels=${false} />
    <${Card} title=${t(words.bays)} className="wide-card" side=${html`<button class="button" data-look="primary" onClick=${() => setEditing({})}><${Icon} name="plus" size=${18} /> ${t(words.add)}</button>`}>
      <p class="muted">${t(words.note)}</p>
      <${Loaded} load=${load} rows=${3} empty=${html`<${Empty} icon="layers" title=${t(words.none)} note=${t(words.noneNote)} />`}>${(bays) => html`
        <ul class="bay-grid">${bays.map((bay) => html`<${Bay} key=${bay.id} bay=${bay} onEdit=${() => setEditing(bay)} onRemove=${() => setRemoving(bay)} />`)}</ul>`}<//>
    <//>
    ${editing && html`<${BayDialog} bay=${editing.id ? editing : null} known=${load.data ?? []} onClose=${() => setEditing(null)} onDone=${load.reload} />`}
    ${removing && html`<${Confirm} title=${t(words.remove, { name: t(removing.name) })} note=${t(words.removeNote)} action=${t(words.removeDo)} tone="danger"
      onDo=${() => del(baysPath(removing.id)).then(load.reload)} onClose=${() => setRemoving(null)} />`}`;
}
