/** What is planned: when it takes effect, counted down, and how to take it back until then. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, post, path } from '../../../core/api.js';
import { money, dateTime, wait } from '../../../core/format.js';
import { now } from '../../../core/clock.js';
import { useEvery } from '../../../core/load.js';
import { changes, keepChanges, priceTurn, storeId } from '../../../core/store.js';
import { Card } from '../../../parts/bits.js';
import { Confirm } from '../../../parts/confirm.js';
import { Icon } from '../../../parts/icon.js';
import { reasonText } from '../../../parts/reason.js';
import { toast, dropToast, complain } from '../../../parts/toast.js';
import { plans } from './groups.js';
import words from '../../../words/prices.js';

const ASKED = 200;
const LATE_MS = 2000;

/** Ask for what the stream does not tell one by one: a group may be larger than it tells. */
export const askChanges = async () => keepChanges(await get(path(['api', 'stores', storeId.value, 'changes'], { limit: ASKED })));

/** Take a group back and say so. */
export async function takeBack(group) {
  const { undone } = await post(path(['api', 'stores', storeId.value, 'groups', group, 'undo']));
  dropToast(group);
  toast(t(undone === 1 ? words.takenBackOne : words.takenBack, { count: undone }));
  await askChanges();
}

const title = (plan) => (plan.changes.length === 1 ? t(plan.changes[0].name) : t(words.pricesTogether, { count: plan.changes.length }));

const Prices = ({ plan }) => {
  const [only, ...others] = plan.changes;
  if (!others.length) return html`<span class="plan-price"><s>${money(only.from_minor)}</s> <b>${money(only.to_minor)}</b></span>`;
  return html`
    <details class="plan-products">
      <summary>${t(words.showProducts)}</summary>
      <ul>${plan.changes.map((change) => html`<li key=${change.id}><span>${t(change.name)}</span> <span><s>${money(change.from_minor)}</s> <b>${money(change.to_minor)}</b></span></li>`)}</ul>
    </details>`;
};

const Back = ({ back }) => {
  const time = dateTime(back.effective_ms);
  return html`<small>${back.changes.length === 1 ? t(words.backAt, { time, price: money(back.changes[0].to_minor) }) : t(words.backAtMany, { time })}</small>`;
};

const Countdown = ({ ms }) => {
  const left_ms = ms - now.value;
  return html`<b class="plan-wait" role="timer">${left_ms > 0 ? t(words.comesIn, { span: wait(left_ms) }) : t(words.comesNow)}</b>`;
};

const Plan = ({ plan, onTakeBack }) => html`
  <li class="plan" data-group=${plan.group}>
    <span class="row-icon"><${Icon} name="clock" /></span>
    <div class="plan-text">
      <p><b>${title(plan)}</b></p>
      <${Prices} plan=${plan} />
      <small>${dateTime(plan.effective_ms)} · ${plan.by}${plan.reason && ` · ${reasonText(plan.reason)}`}</small>
      ${plan.back && html`<${Back} back=${plan.back} />`}
    </div>
    <div class="plan-side">
      <${Countdown} ms=${plan.effective_ms} />
      <button class="button" data-size="small" aria-label=${t(words.takeBackThis, { name: title(plan) })} onClick=${() => onTakeBack(plan)}><${Icon} name="undo" size=${16} /> ${t(words.takeBack)}</button>
    </div>
  </li>`;

export function Planned() {
  const [taking, setTaking] = useState(null);
  const all = plans(changes.value);
  const isDue = all.length > 0 && all[0].effective_ms + LATE_MS < now.value;
  useEffect(() => {
    askChanges().catch(complain);
  }, [storeId.value, priceTurn.value]);
  // At its moment everybody switches by themselves: ask until the cloud has noted it, too.
  useEvery(LATE_MS, () => isDue && askChanges().catch(() => {}));
  return html`
    <${Card} title=${t(words.plannedTitle)} className="planned" flush=${all.length > 0} side=${all.length > 0 && html`<b class="count">${all.length}</b>`}>
      ${all.length === 0
        ? html`<p class="muted">${t(words.nothingPlanned)}</p>`
        : html`<ul class="rows">${all.map((plan) => html`<${Plan} key=${plan.key} plan=${plan} onTakeBack=${setTaking} />`)}</ul>`}
    <//>
    ${taking && html`
      <${Confirm} title=${t(words.takeBackTitle)} note=${t(taking.isReturn ? words.takeBackReturn : words.takeBackNote)} action=${t(words.takeBack)}
        onDo=${() => takeBack(taking.group)} onClose=${() => setTaking(null)}>
        <p class="undo-line"><b>${title(taking)}</b> <span>${dateTime(taking.effective_ms)}</span></p>
      <//>`}`;
}
