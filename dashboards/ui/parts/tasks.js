/** What people of a store must do: one line for each, with what helps, and who sees to it. */
import { html, useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get, path, post } from '../core/api.js';
import { now } from '../core/clock.js';
import { dateTime, wait } from '../core/format.js';
import { labels, onEvent, storeId } from '../core/store.js';
import { useLoad } from '../core/load.js';
import { Badge, Card } from './bits.js';
import { Empty, Loaded } from './states.js';
import { FlashButton } from './flash-button.js';
import { Icon } from './icon.js';
import { complain, toast } from './toast.js';
import words, { causes } from '../words/tasks.js';

const tasksPath = (...parts) => path(['api', 'stores', storeId.value, 'tasks', ...parts]);

const Task = ({ task, onChange }) => {
  const label = labels.value.get(task.about);
  const isOver = now.value > task.due_ms;
  const take = (taken) => post(tasksPath(task.id, 'take'), { taken }).then(onChange, complain);
  return html`
    <li class="row task wrapping" data-task=${task.about} data-over=${isOver}>
      <span class="row-icon" data-tone=${isOver ? 'bad' : 'offer'}><${Icon} name=${['battery', 'service'].includes(task.cause) ? 'power' : 'alert'} /></span>
      <span class="row-text"><b>${t(label?.name) || task.about} <small>${task.about}</small></b>
        <span>${t(causes[task.cause] ?? causes.refused)}</span>
        <small title=${task.detail}>${t(words.open, { span: wait(Math.max(0, now.value - task.opened_ms)) })} · ${isOver ? html`<${Badge} tone="bad">${t(words.overdue)}<//>` : t(words.due, { time: dateTime(task.due_ms) })}${task.taken_by ? ` · ${t(words.takenBy, { name: task.taken_by })}` : ''}</small></span>
      <span class="row-side"><${FlashButton} label=${{ id: task.about }} />
        <button class="button" data-size="small" onClick=${() => take(!task.taken_by)}>${t(task.taken_by ? words.giveBack : words.take)}</button></span>
    </li>`;
};

/** @param {{quietly?: boolean}} props `quietly`: shows nothing while there is nothing to do */
export function Tasks({ quietly = false }) {
  const load = useLoad(() => get(tasksPath()), [storeId.value]);
  useEffect(() => onEvent('task', (task) => {
    if (task?.closed_ms) toast(t(words.closed, { label: task.about }));
    load.reload();
  }), [storeId.value]);
  if (quietly && !load.data?.length) return null;
  return html`
    <${Card} title=${t(words.title)} flush side=${load.data?.length ? html`<b class="count">${load.data.length}</b>` : null}>
      <${Loaded} load=${load} rows=${1} empty=${html`<${Empty} icon="check" title=${t(words.none)} note=${t(words.noneNote)} />`}>${(tasks) => html`
        <ul class="rows">${tasks.map((task) => html`<${Task} key=${task.id} task=${task} onChange=${load.reload} />`)}</ul>
        <p class="field-note task-note">${t(words.safe)}</p>`}<//>
    <//>`;
}
