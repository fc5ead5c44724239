/** Which bay is photographed. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { percent } from '../../core/format.js';
import { href } from '../../core/route.js';
import { pass } from '../../core/pass.js';
import { Ago, Badge, Card } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { Empty } from '../../parts/states.js';
import words from '../../words/shelves.js';
import tasks from '../../words/tasks.js';
import teach from '../../words/teach.js';

export const TaskLink = () => (pass.value?.back ? html`<a class="back-link" href=${pass.value.back}><${Icon} name="back" size=${18} /> ${t(words.tasksBack)}</a>` : null);

const Row = ({ bay }) => {
  const last = bay.photos[0];
  return html`
    <li><a class="row" href=${href('bays', bay.id)}>
      <span class="row-icon"><${Icon} name="layers" /></span>
      <span class="row-text"><b>${t(bay.name)}</b><small>${last ? html`${t(words.result, last)} · <${Ago} ms=${last.at_ms} />` : t(words.neverSeen)}</small></span>
      ${last && html`<${Badge} tone=${last.right === last.facings ? 'ok' : 'busy'}>${percent(last.right / last.facings)}<//>`}
      <${Icon} name="next" />
    </a></li>`;
};

export const BayList = ({ who, bays }) => html`
  <${TaskLink} />
  <div class="shelf-head"><h1>${t(words.yourBays)}</h1><p class="muted">${t(words.who, { who })}</p></div>
  <${Card} flush>
    ${bays.length === 0 ? html`<${Empty} icon="layers" title=${t(tasks.noBays)} note=${t(tasks.noBaysNote)} />` : html`<ul class="rows">${bays.map((bay) => html`<${Row} key=${bay.id} bay=${bay} />`)}</ul>`}
  <//>
  <a class="button" href=${href('items')}><${Icon} name="camera" size=${18} /> ${t(teach.title)}</a>
  <p class="muted">${t(words.stays)} <a href="#/state">${t(words.state)}</a></p>`;
