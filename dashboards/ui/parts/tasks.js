/** What people of a store must do: one line for each, with what helps, and who sees to it. */
import { html, useEffect, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get, path, post } from '../core/api.js';
import { now } from '../core/clock.js';
import { date, dateTime, wait } from '../core/format.js';
import { labels, onEvent, storeId } from '../core/store.js';
import { session } from '../core/session.js';
import { useEvery, useLoad } from '../core/load.js';
import { Badge, Card, Field } from './bits.js';
import { Confirm } from './confirm.js';
import { Empty, Loaded } from './states.js';
import { FlashButton } from './flash-button.js';
import { Icon } from './icon.js';
import { complain, toast } from './toast.js';
import words, { causes, shelfCauses } from '../words/tasks.js';

const ASK_MS = 60_000;
const ICONS = { battery: 'power', service: 'power', gap: 'lower', 'out-of-stock': 'alert', wrong: 'undo', extra: 'undo', 'near-expiry': 'clock', expired: 'clock' };
const ROLES = { manager: words.toManager, hq: words.toHq };

export const tasksPath = (...parts) => path(['api', 'stores', storeId.value, 'tasks', ...parts]);

/** A product of a task by name: its name in the price book, else in the planogram, else its number. */
const named = (one) => t(one.name) || one.gtin;

/** What a task is about, in a few words. */
export const titleOf = (task) => (task.kind === 'label' ? t(labels.value.get(task.about)?.name) || task.about : named({ gtin: task.gtin, name: task.facts.name }));

/** What is wrong and what helps. */
export function sentenceOf({ kind, cause, facts }) {
  if (kind === 'label') return t(causes[cause] ?? causes.refused);
  return t(shelfCauses[cause], {
    missing: facts.missing,
    planned: facts.planned,
    seen: (facts.seen ?? []).map(named).join(', ') || t(words.unknown),
    shelves: facts.shelves?.join(', '),
    day: facts.expires_on ? date(Date.parse(`${facts.expires_on}T12:00:00`)) : '',
  });
}

/** Where: "shelf 2, places 3 and 4". */
const placesOf = (facts) => {
  const byShelf = new Map();
  for (const [shelf, position] of facts.places ?? []) byShelf.set(shelf, [...(byShelf.get(shelf) ?? []), position]);
  return [...byShelf].map(([shelf, positions]) => t(words.at, { shelf, positions: positions.join(', ') })).join(' · ');
};

const Drop = ({ task, onClose, onDone }) => {
  const [reason, setReason] = useState('');
  return html`
    <${Confirm} title=${t(words.dropTitle, { name: titleOf(task) })} note=${t(words.dropNote)} action=${t(words.drop)} onClose=${onClose}
      onDo=${() => post(tasksPath(task.id, 'drop'), { reason: reason.trim() }).then(onDone)}>
      <${Field} label=${t(words.why)} id="drop-reason"><input id="drop-reason" maxlength="200" value=${reason} onInput=${(event) => setReason(event.currentTarget.value)} autofocus /><//>
    <//>`;
};

const Task = ({ task, onChange, onDrop }) => {
  const isOver = now.value > task.due_ms;
  const isLabel = task.kind === 'label';
  const take = (taken) => post(tasksPath(task.id, 'take'), { taken }).then(onChange, complain);
  const places = isLabel ? '' : placesOf(task.facts);
  return html`
    <li class="row task wrapping" data-task=${task.about} data-over=${isOver}>
      <span class="row-icon" data-tone=${isOver ? 'bad' : 'offer'}><${Icon} name=${ICONS[task.cause] ?? 'alert'} /></span>
      <span class="row-text"><b>${titleOf(task)} <small>${isLabel ? task.about : t(task.facts.bay_name)}</small></b>
        <span>${sentenceOf(task)}</span>
        ${places && html`<small>${places}</small>`}
        <small title=${task.detail}>${t(words.open, { span: wait(Math.max(0, now.value - task.opened_ms)) })} · ${isOver ? html`<${Badge} tone="bad">${t(words.overdue)}${task.escalated_to ? ` · ${t(ROLES[task.escalated_to])}` : ''}<//>` : t(words.due, { time: dateTime(task.due_ms) })}${task.taken_by ? ` · ${t(words.takenBy, { name: task.taken_by })}` : ''}</small></span>
      <span class="row-side">${isLabel && session.value?.role !== 'associate' ? html`<${FlashButton} label=${{ id: task.about }} />` : null}
        ${!isLabel && ['manager', 'hq'].includes(session.value?.role) ? html`<button class="button" data-look="quiet" data-size="small" onClick=${() => onDrop(task)}>${t(words.dropShort)}</button>` : null}
        <button class="button" data-size="small" onClick=${() => take(!task.taken_by)}>${t(task.taken_by ? words.giveBack : words.take)}</button></span>
    </li>`;
};

/** The open tasks of the store, asked for again when one changes, and each minute: some begin by the clock. */
export function useTasks() {
  const load = useLoad(() => get(tasksPath()), [storeId.value]);
  useEffect(() => onEvent('task', (task) => {
    if (task?.closed_ms) toast(t(task.kind === 'label' ? words.closed : words.done, { label: titleOf(task) }));
    load.reload();
  }), [storeId.value]);
  useEvery(ASK_MS, load.reload);
  return load;
}

/** @param {{tasks: object[], onChange: () => void, note?: string}} props */
export function TaskRows({ tasks, onChange, note }) {
  const [dropping, setDropping] = useState(null);
  return html`
    <ul class="rows">${tasks.map((task) => html`<${Task} key=${task.id} task=${task} onChange=${onChange} onDrop=${setDropping} />`)}</ul>
    ${note && html`<p class="field-note task-note">${note}</p>`}
    ${dropping && html`<${Drop} task=${dropping} onClose=${() => setDropping(null)} onDone=${onChange} />`}`;
}

/** @param {{isOfLabels: boolean, quietly?: boolean}} props whether of labels or of shelves; `quietly`: shows nothing while there is nothing to do */
export function Tasks({ isOfLabels, quietly = false }) {
  const load = useTasks();
  const own = load.data?.filter((task) => (task.kind === 'label') === isOfLabels);
  if (quietly && !own?.length) return null;
  return html`
    <${Card} title=${t(words.title)} flush side=${own?.length ? html`<b class="count">${own.length}</b>` : null}>
      <${Loaded} load=${{ ...load, data: own ?? null }} rows=${1} empty=${html`<${Empty} icon="check" title=${t(words.none)} note=${t(isOfLabels ? words.noneNote : words.noneShelf)} />`}>${(tasks) => html`
        <${TaskRows} tasks=${tasks} onChange=${load.reload} note=${isOfLabels ? t(words.safe) : null} />`}<//>
    <//>`;
}
