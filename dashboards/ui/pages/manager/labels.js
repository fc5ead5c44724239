/** Every shelf label: what it proved, what it should show, and its picture. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { path, sentence } from '../../core/api.js';
import { usePicture } from '../../core/picture.js';
import { money, when } from '../../core/format.js';
import { labelList, labels, storeId } from '../../core/store.js';
import { route, go } from '../../core/route.js';
import { Badge, Card, Ago } from '../../parts/bits.js';
import { FlashButton } from '../../parts/flash-button.js';
import { Dialog } from '../../parts/dialog.js';
import { Empty, Loading } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { Tabs } from '../../parts/tabs.js';
import { Tasks } from '../../parts/tasks.js';
import { Templates } from './templates/templates.js';
import common from '../../words/common.js';
import { labelStates } from '../../words/map.js';
import words from '../../words/manager.js';
import { causes } from '../../words/tasks.js';
import templates from '../../words/templates.js';

const TONES = { shown: 'ok', armed: 'info', pending: 'busy', service: 'busy', failed: 'bad', unknown: 'plain' };
export const labelTone = (state) => TONES[state] ?? 'plain';

const pictureOf = (label) => path(['api', 'labels', label.id, 'image.png'], { store: storeId.value });

const matches = (label, query) => !query
  || [label.id, label.gtin, label.name?.zh, label.name?.en].some((text) => text?.toLowerCase().includes(query.toLowerCase()));

const Picture = ({ label }) => {
  const load = usePicture(pictureOf(label), [label.id, label.image_sha256]);
  if (load.error) return html`<${Empty} icon="label" title=${sentence(load.error)} />`;
  return html`
    ${load.data ? html`<img src=${load.data} alt=${`${t(label.name)} ${money(label.price_minor)}`} />` : html`<${Loading} rows=${2} />`}
    <figcaption>${t(words.picture)}</figcaption>`;
};

const LabelDialog = ({ label, onClose }) => html`
    <${Dialog} title=${t(label.name)} onClose=${onClose}>
      <figure class="label-picture">
        ${label.image_sha256 ? html`<${Picture} label=${label} />` : html`<${Empty} icon="label" title=${t(words.noPicture)} />`}
      </figure>
      <dl class="pairs">
        <div><dt>${t(words.labels)}</dt><dd>${label.id}</dd></div>
        <div><dt>${t(words.shows)}</dt><dd><b>${money(label.price_minor)}</b> <${Badge} tone=${labelTone(label.state)}>${t(labelStates[label.state])}<//></dd></div>
        <div><dt>${t(words.target)}</dt><dd>${money(label.target_minor)}</dd></div>
        <div><dt>${t(words.since)}</dt><dd>${label.since_ms ? when(label.since_ms) : '—'}</dd></div>
        <div><dt>${t(templates.tabTemplates)}</dt><dd>${label.template} · ${label.panel}</dd></div>
        ${label.reason && html`<div><dt>${t(common.reason)}</dt><dd>${label.cause && causes[label.cause] ? t(causes[label.cause]) : ''} <small>${label.reason}</small></dd></div>`}
        ${label.image_sha256 && html`<div><dt>${t(words.image)}</dt><dd><code>${label.image_sha256.slice(0, 16)}…</code></dd></div>`}
      </dl>
      <footer class="dialog-foot"><${FlashButton} label=${label} /><button class="button" data-look="primary" onClick=${() => go('prices', label.gtin)}>${t(words.changeThis)}</button></footer>
    <//>`;

const Tile = ({ label }) => html`
  <li>
    <button class="label-tile" data-state=${label.state} onClick=${() => go('labels', label.id)}>
      <span class="label-tile-head"><small>${label.id}</small><${Badge} tone=${labelTone(label.state)}>${t(labelStates[label.state])}<//></span>
      <b>${t(label.name)}</b>
      <span class="label-tile-price"><span>${money(label.price_minor)}</span>
        ${label.target_minor != null && label.target_minor !== label.price_minor && html`<span class="label-tile-target"><${Icon} name="next" size=${14} /> ${money(label.target_minor)}</span>`}</span>
      <small><${Ago} ms=${label.since_ms} /></small>
    </button>
  </li>`;

const TABS = [{ path: ['labels'], word: templates.tabLabels, icon: 'list' }, { path: ['labels', 'templates'], word: templates.tabTemplates, icon: 'edit' }];

export function Labels() {
  const isTemplates = route.value[1] === 'templates';
  return html`
    <${Tabs} label=${t(words.labels)} tabs=${TABS} open=${isTemplates ? TABS[1].path : TABS[0].path} />
    ${isTemplates ? html`<${Templates} />` : html`<${LabelList} />`}`;
}

function LabelList() {
  const [query, setQuery] = useState('');
  const [state, setState] = useState('');
  const counts = Object.fromEntries(Object.keys(labelStates).map((name) => [name, labelList.value.filter((label) => label.state === name).length]));
  const shown = labelList.value.filter((label) => (!state || label.state === state) && matches(label, query.trim()));
  const opened = labels.value.get(route.value[1]);
  return html`
    <${Tasks} isOfLabels quietly />
    <${Card} title=${t(words.labelList)} className="wide-card" side=${html`
      <div class="search" data-size="small"><${Icon} name="search" size=${18} />
        <input type="search" aria-label=${t(words.filterLabels)} placeholder=${t(words.filterLabels)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>`}>
      <div class="chips" role="group" aria-label=${t(words.filterLabels)}>
        <button class="chip" aria-pressed=${state === ''} onClick=${() => setState('')}>${t(common.all)} <b>${labelList.value.length}</b></button>
        ${Object.entries(labelStates).filter(([name]) => counts[name]).map(([name, word]) => html`
          <button class="chip" key=${name} aria-pressed=${state === name} onClick=${() => setState(name)}>${t(word)} <b>${counts[name]}</b></button>`)}
      </div>
      ${shown.length === 0 && html`<${Empty} icon="label" title=${t(words.noLabels)} />`}
      <ul class="label-grid">${shown.map((label) => html`<${Tile} key=${label.id} label=${label} />`)}</ul>
    <//>
    ${opened && html`<${LabelDialog} key=${opened.image_sha256} label=${opened} onClose=${() => go('labels')} />`}`;
}
