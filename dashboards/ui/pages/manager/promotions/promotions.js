/** The promotions of a store: what each does, when, and what came of it. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, del, put, path } from '../../../core/api.js';
import { money, dateTime, number, wait } from '../../../core/format.js';
import { now } from '../../../core/clock.js';
import { storeId, onEvent } from '../../../core/store.js';
import { useLoad, useEvery } from '../../../core/load.js';
import { Badge, Card } from '../../../parts/bits.js';
import { Confirm } from '../../../parts/confirm.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { Icon } from '../../../parts/icon.js';
import { toast } from '../../../parts/toast.js';
import { PromotionDialog } from './promotion-dialog.js';
import { promotionWord } from './sentence.js';
import common from '../../../words/common.js';
import words, { promotionStates } from '../../../words/promotions.js';

const TONES = { live: 'ok', planned: 'info', ended: 'plain' };
const ICONS = { 'each-unit': 'percent', 'cart-off': 'cart', bundle: 'layers' };
const END_NOTES = { live: words.removeLive, planned: words.removeNote, ended: words.removeEnded };
const DUE_MS = 1000;

const address = (id) => path(['api', 'stores', storeId.value, 'promotions', id]);

/** The state by the clock: a promotion begins and ends without anybody telling the page. */
function stateOf({ promotion }) {
  if (now.value < promotion.starts_ms) return 'planned';
  return now.value < promotion.ends_ms ? 'live' : 'ended';
}

const uses = (item) => (item.uses
  ? t(item.uses === 1 ? words.usedOne : words.used, { count: number(item.uses), saving: money(item.saving_minor) })
  : t(words.unused));

const Countdown = ({ promotion, state }) => {
  if (state === 'ended') return null;
  const [word, ms] = state === 'planned' ? [words.startsIn, promotion.starts_ms] : [words.endsIn, promotion.ends_ms];
  return html`<b class="plan-wait" role="timer">${t(word, { span: wait(ms - now.value) })}</b>`;
};

const Promotion = ({ item, onEdit, onRemove }) => {
  const { promotion } = item;
  const state = stateOf(item);
  const name = t(promotion.name);
  const said = t(promotionWord(promotion));
  return html`
    <li class="plan promotion" data-state=${state} data-promotion=${promotion.id}>
      <span class="row-icon" data-tone=${state === 'live' ? 'offer' : undefined}><${Icon} name=${ICONS[promotion.rule.rule] ?? 'gift'} /></span>
      <div class="plan-text">
        <p class="book-head"><b>${name}</b> <${Badge} tone=${TONES[state]}>${t(promotionStates[state])}<//></p>
        ${said !== name && html`<p class="promotion-said">${said}</p>`}
        <small>${t(words.period, { from: dateTime(promotion.starts_ms), to: dateTime(promotion.ends_ms) })} · ${t(words.byWhom, { name: item.by, time: dateTime(item.made_ms) })}</small>
        <small>${uses(item)}</small>
      </div>
      <div class="plan-side">
        <${Countdown} promotion=${promotion} state=${state} />
        <span class="buttons">
          <button class="icon-button" aria-label=${`${t(words.edit)}: ${name}`} onClick=${onEdit}><${Icon} name="edit" size=${18} /></button>
          <button class="icon-button" aria-label=${`${t(common.remove)}: ${name}`} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>
        </span>
      </div>
    </li>`;
};

const Chips = ({ items, state, onChange }) => html`
  <div class="chips card-chips" role="group" aria-label=${t(words.title)}>
    <button class="chip" aria-pressed=${state === ''} onClick=${() => onChange('')}>${t(common.all)} <b>${items.length}</b></button>
    ${Object.entries(promotionStates).map(([name, word]) => {
      const count = items.filter((item) => stateOf(item) === name).length;
      return count > 0 && html`<button class="chip" key=${name} aria-pressed=${state === name} onClick=${() => onChange(name)}>${t(word)} <b>${count}</b></button>`;
    })}
  </div>`;

const RANK = { live: 0, planned: 1, ended: 2 };

export function Promotions() {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'promotions'])), [storeId.value]);
  const [state, setState] = useState('');
  const [editing, setEditing] = useState(undefined);
  const [removing, setRemoving] = useState(null);
  useEffect(() => onEvent('promotions', load.reload), [storeId.value]);
  useEvery(30 * DUE_MS, load.reload);

  const remove = async () => {
    const { promotion } = removing;
    const name = t(promotion.name);
    const bringBack = async () => {
      await put(address(promotion.id), { promotion });
      toast(t(words.broughtBack, { name }));
      load.reload();
    };
    await del(address(promotion.id));
    toast(t(words.removed, { name }), 'done', { word: t(words.bringBack), about: promotion.id, act: bringBack });
    load.reload();
  };

  return html`
    <${Card} title=${t(words.title)} flush className="wide-card" side=${html`<button class="button" data-look="primary" onClick=${() => setEditing(null)}><${Icon} name="plus" size=${18} /> ${t(words.add)}</button>`}>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="percent" title=${t(words.none)} note=${t(words.noneNote)} />`}>
        ${(items) => {
          const shown = items.filter((item) => !state || stateOf(item) === state).sort((a, b) => RANK[stateOf(a)] - RANK[stateOf(b)] || a.promotion.starts_ms - b.promotion.starts_ms);
          return html`
            <${Chips} items=${items} state=${state} onChange=${setState} />
            ${shown.length === 0 && html`<${Empty} icon="percent" title=${t(words.noneHere)} />`}
            <ul class="rows">${shown.map((item) => html`<${Promotion} key=${item.promotion.id} item=${item} onEdit=${() => setEditing(item.promotion)} onRemove=${() => setRemoving(item)} />`)}</ul>`;
        }}
      <//>
    <//>
    ${editing !== undefined && html`<${PromotionDialog} promotion=${editing} onDone=${load.reload} onClose=${() => setEditing(undefined)} />`}
    ${removing && html`
      <${Confirm} title=${t(words.removeTitle)} note=${t(END_NOTES[stateOf(removing)])} action=${t(common.remove)} tone="danger" onDo=${remove} onClose=${() => setRemoving(null)}>
        <p class="undo-line"><b>${t(removing.promotion.name)}</b></p><p>${t(promotionWord(removing.promotion))}</p>
      <//>`}`;
}
