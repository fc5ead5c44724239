/** The timetable: what plays when and where. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, path } from '../../core/api.js';
import { when, span, dateTime } from '../../core/format.js';
import { devices } from '../../core/store.js';
import { Card } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/manager.js';

const FOR = { somebody: words.forSomebody, near: words.forNear };

const times = (slot) => [
  when(slot.start_ms),
  slot.every_s ? t(words.everyS, { span: span(slot.every_s * 1000) }) : null,
  FOR[slot.audience] ? t(FOR[slot.audience]) : null,
  slot.until_ms ? t(words.untilTime, { time: dateTime(slot.until_ms) }) : null,
].filter(Boolean).join(' · ');

const places = (slot) => (slot.devices.length ? slot.devices.map((id) => devices.value.get(id)?.name || id).join(', ') : t(words.onAll));

const Slot = ({ slot, onRemove }) => html`
  <li class="row">
    <span class="row-icon"><${Icon} name="clock" /></span>
    <span class="row-text"><b>${slot.title}</b><small>${times(slot)}</small><small>${places(slot)} · ${t(slot.plays === 1 ? words.playsCountOne : words.playsCount, { count: slot.plays })}</small></span>
    <button class="icon-button" aria-label=${`${t(common.remove)}: ${slot.title}`} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>
  </li>`;

export function Slots({ load }) {
  const [removing, setRemoving] = useState(null);
  const remove = async () => {
    await del(path(['api', 'schedule', removing.id]));
    toast(t(words.slotRemoved));
    load.reload();
  };
  return html`
    <${Card} title=${t(words.slots)} flush>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="calendar" title=${t(words.noSlots)} />`}>
        ${(slots) => html`<ul class="rows">${slots.map((slot) => html`<${Slot} key=${slot.id} slot=${slot} onRemove=${() => setRemoving(slot)} />`)}</ul>`}
      <//>
    <//>
    ${removing && html`<${Confirm} title=${t(words.removeSlot, { title: removing.title })} note=${t(words.removeSlotNote)} action=${t(common.remove)} tone="danger"
      onDo=${remove} onClose=${() => setRemoving(null)} />`}`;
}
