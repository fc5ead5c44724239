/** The models that devices look with: added here, given to stores, and how far they have come. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, get, path } from '../../core/api.js';
import { bytes, number } from '../../core/format.js';
import { useEvery, useLoad } from '../../core/load.js';
import { onEvent, stores } from '../../core/store.js';
import { Ago, Badge, Card } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Loaded } from '../../parts/states.js';
import { GiveDialog } from './give-dialog.js';
import { ModelDialog } from './model-dialog.js';
import words from '../../words/models.js';

const ASK_MS = 3000;
const keyOf = (model) => `${model.name} ${model.version}`;
const storeName = (id) => t(stores.value.find((one) => one.id === id)?.name) || id;

/** How far a store's devices have come with a model. */
const InStore = ({ use }) => html`
  <li class="model-store">
    <p><b>${storeName(use.store)}</b> <small>${use.by} · <${Ago} ms=${use.since_ms} /></small></p>
    <progress max=${Math.max(1, use.devices)} value=${use.using} aria-label=${storeName(use.store)}></progress>
    <p>${t(words.using, { using: number(use.using), devices: number(use.devices) })}</p>
    ${use.refused.map((one) => html`<p class="model-refused" key=${one.device}><${Icon} name="alert" size=${16} /> ${t(words.refused, one)}</p>`)}
  </li>`;

function Model({ model, onGive, onRemove }) {
  return html`
    <li class="model" data-model=${keyOf(model)}>
      <header><h3>${model.name} <small>${model.version}</small></h3>
        <${Badge} tone=${model.stores.length ? 'ok' : 'plain'}>${t(model.task === 'items' ? words.taskItems : words.taskDetector)}<//></header>
      <p class="muted">${t(words.facts, { classes: number(model.classes), precision: model.precision, size: bytes(model.size) })} · ${t(words.by, { name: model.by })} · <${Ago} ms=${model.added_ms} /></p>
      ${model.stores.length ? html`<ul class="model-stores">${model.stores.map((use) => html`<${InStore} key=${use.store} use=${use} />`)}</ul>` : html`<p class="muted">${t(words.unused)}</p>`}
      ${model.measured.length > 0 && html`<details><summary>${t(words.figures)}</summary>
        <ul class="model-figures">${model.measured.map((one) => html`<li key=${one.what + one.sample}><b>${number(one.value, 3)}</b> ${one.what} <small>${one.sample}</small></li>`)}</ul></details>`}
      <details><summary>${t(words.origin)}</summary>
        <dl class="model-origin"><dt>${t(words.weightsFrom)}</dt><dd>${model.source}</dd><dt>${t(words.licence)}</dt><dd>${model.licence}</dd>
          <dt>${t(words.pictures)}</dt><dd>${model.data}</dd><dt>${t(words.hash)}</dt><dd><code>${model.sha256}</code></dd></dl></details>
      <footer class="buttons">
        <button class="button" data-size="small" onClick=${onGive}><${Icon} name="lower" size=${18} /> ${t(words.give)}</button>
        <button class="icon-button" aria-label=${t(words.remove, model)} disabled=${model.stores.length > 0} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>
      </footer>
    </li>`;
}

export function Models() {
  const load = useLoad(() => get('/api/models'), []);
  const [isAdding, setAdding] = useState(false);
  const [giving, setGiving] = useState(null);
  const [removing, setRemoving] = useState(null);
  useEffect(() => onEvent('models', load.reload), []);
  useEvery(ASK_MS, load.reload);
  return html`
    <${Card} title=${t(words.models)} className="wide-card" side=${html`<button class="button" data-look="primary" onClick=${() => setAdding(true)}><${Icon} name="plus" size=${18} /> ${t(words.add)}</button>`}>
      <p class="muted">${t(words.note)}</p>
      <${Loaded} load=${load} rows=${3} empty=${html`<${Empty} icon="camera" title=${t(words.none)} note=${t(words.noneNote)} />`}>${(models) => html`
        <ul class="model-grid">${models.map((model) => html`<${Model} key=${keyOf(model)} model=${model} onGive=${() => setGiving(model)} onRemove=${() => setRemoving(model)} />`)}</ul>`}<//>
    <//>
    ${isAdding && html`<${ModelDialog} onClose=${() => setAdding(false)} onDone=${load.reload} />`}
    ${giving && html`<${GiveDialog} model=${giving} models=${load.data ?? []} onClose=${() => setGiving(null)} onDone=${load.set} />`}
    ${removing && html`<${Confirm} title=${t(words.remove, removing)} note=${t(words.removeNote)} action=${t(words.removeDo)} tone="danger"
      onDo=${() => del(path(['api', 'models', removing.name, removing.version])).then(load.reload)} onClose=${() => setRemoving(null)} />`}`;
}
