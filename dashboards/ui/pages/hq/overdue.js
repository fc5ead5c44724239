/** What nobody saw to in time, in any store: shown only while there is something. */
import { html, useEffect } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get } from '../../core/api.js';
import { now } from '../../core/clock.js';
import { wait } from '../../core/format.js';
import { useEvery, useLoad } from '../../core/load.js';
import { onEvent, stores } from '../../core/store.js';
import { Badge, Card } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { sentenceOf, titleOf } from '../../parts/tasks.js';
import words from '../../words/tasks.js';

const ASK_MS = 60_000;

export function Overdue() {
  const load = useLoad(() => get('/api/tasks/overdue'), []);
  useEffect(() => onEvent('task', load.reload), []);
  useEvery(ASK_MS, load.reload);
  if (!load.data?.length) return null;
  const storeName = (id) => t(stores.value.find((one) => one.id === id)?.name) || id;
  return html`
    <${Card} title=${t(words.overdueAll)} flush side=${html`<b class="count">${load.data.length}</b>`}>
      <ul class="rows scroll">${load.data.map((task) => html`
        <li class="row" key=${task.id}>
          <span class="row-icon" data-tone="bad"><${Icon} name="clock" /></span>
          <span class="row-text"><b>${titleOf(task)} <small>${storeName(task.store)}</small></b><span>${sentenceOf(task)}</span>
            <small>${t(words.lateBy, { span: wait(now.value - task.due_ms) })}${task.taken_by ? ` · ${t(words.takenBy, { name: task.taken_by })}` : ''}</small></span>
          ${task.escalated_to === 'hq' && html`<${Badge} tone="bad">${t(words.yours)}<//>`}
        </li>`)}</ul>
    <//>`;
}
