/** The store associate's page: what to do now, bay by bay, and what was done. */
import { html, start, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get } from '../core/api.js';
import { now } from '../core/clock.js';
import { route } from '../core/route.js';
import { session } from '../core/session.js';
import { useLoad } from '../core/load.js';
import { storeId } from '../core/store.js';
import { Ago, Badge, Card } from '../parts/bits.js';
import { photograph, useBays } from '../parts/bays.js';
import { Icon } from '../parts/icon.js';
import { Shell } from '../parts/shell.js';
import { Empty, Loaded } from '../parts/states.js';
import { StorePage } from '../parts/store-page.js';
import { sentenceOf, TaskRows, tasksPath, titleOf, useTasks } from '../parts/tasks.js';
import common from '../words/common.js';
import words from '../words/tasks.js';

const FILTERS = {
  all: () => true,
  mine: (task) => task.taken_by === session.value?.name,
  late: (task) => now.value > task.due_ms,
};

const Photograph = ({ bay, name }) => html`
  <button class="button" data-look="primary" data-size="small" aria-label=${t(words.photographBay, { name })} onClick=${() => photograph(bay)}>
    <${Icon} name="camera" size=${18} /> ${t(words.photograph)}</button>`;

/** Tasks by bay, the most urgent bay first; labels last. */
function byBay(tasks) {
  const groups = new Map();
  for (const task of tasks) groups.set(task.bay, [...(groups.get(task.bay) ?? []), task]);
  return [...groups].sort(([one], [other]) => (one === '') - (other === ''));
}

function Todo() {
  const load = useTasks();
  const [filter, setFilter] = useState('all');
  return html`
    <div class="chips" data-size="large" role="group" aria-label=${t(words.todo)}>
      ${Object.entries(FILTERS).map(([name, fits]) => html`
        <button class="chip" key=${name} aria-pressed=${filter === name} onClick=${() => setFilter(name)}>${t(words[name])} <b>${load.data?.filter(fits).length ?? ''}</b></button>`)}
    </div>
    <${Loaded} load=${load} rows=${3} empty=${html`<${Card}><${Empty} icon="check" title=${t(words.none)} note=${t(words.noneShelf)} /><//>`}>${(tasks) => {
      const shown = byBay(tasks.filter(FILTERS[filter]));
      if (!shown.length) return html`<${Card}><${Empty} icon="check" title=${t(words.noneHere)} /><//>`;
      return shown.map(([bay, own]) => {
        const name = t(own[0].facts.bay_name) || bay;
        return html`
          <${Card} key=${bay} title=${bay ? name : t(words.labels)} flush side=${bay ? html`<${Photograph} bay=${bay} name=${name} />` : null}>
            <${TaskRows} tasks=${own} onChange=${load.reload} /><//>`;
      });
    }}<//>
    <${Bays} />`;
}

function Bays() {
  const load = useBays();
  return html`
    <${Card} title=${t(words.bays)} flush>
      <${Loaded} load=${load} rows=${2} empty=${html`<${Empty} icon="layers" title=${t(words.noBays)} note=${t(words.noBaysNote)} />`}>${(bays) => html`
        <ul class="rows">${bays.map((bay) => html`
          <li class="row" key=${bay.id}>
            <span class="row-icon"><${Icon} name="layers" /></span>
            <span class="row-text"><b>${t(bay.name)}</b>
              <small>${bay.audits.length ? html`${t(words.asPlanned, bay.audits[0])} · <${Ago} ms=${bay.audits[0].at_ms} />` : t(words.neverSeen)}</small></span>
            <${Photograph} bay=${bay.id} name=${t(bay.name)} />
          </li>`)}</ul>
        <p class="field-note task-note">${t(words.baysNote)}</p>`}<//>
    <//>`;
}

/** By what a task was closed, for people. */
const proofOf = ({ kind, by, note }) =>
  ({
    photo: () => t(words.byPhoto),
    look: () => t(words.byLook, { who: by }),
    dropped: () => t(words.dropped, { who: by, why: note }),
    gone: () => t(words.gone),
  })[kind]?.() ?? t(words.byLabel);

function Done() {
  const load = useLoad(() => get(tasksPath('done')), [storeId.value]);
  return html`
    <${Card} title=${t(words.finished)} flush>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="history" title=${t(words.noneDone)} note=${t(words.noneDoneNote)} />`}>${(tasks) => html`
        <ul class="rows">${tasks.map((task) => html`
          <li class="row" key=${task.id}>
            <span class="row-icon"><${Icon} name="check" /></span>
            <span class="row-text"><b>${titleOf(task)}</b><span class="muted">${sentenceOf(task)}</span>
              <small><${Ago} ms=${task.closed_ms} /> · ${proofOf(task.proof)}</small></span>
            ${task.closed_ms > task.due_ms ? html`<${Badge} tone="bad">${t(words.overdue)}<//>` : null}
          </li>`)}</ul>`}<//>
    <//>`;
}

const Floor = () => html`
  <${Shell} title=${common.associate} sections=${[
    { id: 'todo', word: words.todo, icon: 'list' },
    { id: 'done', word: words.finished, icon: 'check' },
  ]} roles=${['associate', 'manager', 'hq']}>
    <${StorePage}><div class="floor">${(route.value[0] ?? 'todo') === 'done' ? html`<${Done} />` : html`<${Todo} />`}</div><//>
  <//>`;

start(Floor);
