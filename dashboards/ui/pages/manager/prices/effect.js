/** What new prices would do: the lawful reference, products up and down, and what recent baskets would cost. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { sentence } from '../../../core/api.js';
import { money, difference, number } from '../../../core/format.js';
import { Badge } from '../../../parts/bits.js';
import common from '../../../words/common.js';
import words from '../../../words/prices.js';

const ROWS = 5;
const tone = (before_minor, after_minor) => (after_minor < before_minor ? 'down' : 'up');

/** The last baskets of the store, before and after. */
export function Baskets({ baskets }) {
  if (!baskets.count) return html`<p class="muted">${t(words.noBaskets)}</p>`;
  const change_minor = baskets.after_minor - baskets.before_minor;
  return html`
    <dl class="pairs">
      <div><dt>${t(words.baskets)}</dt><dd>${t(words.basketsTouched, { count: number(baskets.count), touched: number(baskets.touched) })}</dd></div>
      ${baskets.touched > 0 && html`
        <div><dt>${t(words.basketsTotal)}</dt><dd>${money(baskets.before_minor)} → <b>${money(baskets.after_minor)}</b>
          ${change_minor !== 0 && html` <${Badge} tone=${tone(0, change_minor)} icon=${tone(0, change_minor)}>${difference(change_minor)}<//>`}</dd></div>
        <div><dt>${t(words.basketsEach)}</dt><dd>${difference(Math.round(change_minor / baskets.touched))}</dd></div>`}
    </dl>`;
}

const Reference = ({ detail }) => html`
  <dl class="pairs">
    <div><dt>${t(words.reference)}</dt><dd><b>${t(words.referenceValue, { price: money(detail.lawful_was_minor), days: detail.lawful_days })}</b></dd></div>
    ${detail.lowest_30d_minor !== detail.lawful_was_minor && html`<div><dt>${t(words.lowest30)}</dt><dd>${money(detail.lowest_30d_minor)}</dd></div>`}
  </dl>`;

const Several = ({ effect }) => html`
  <p class="effect-counts">
    <b>${t(words.productsChanged, { count: number(effect.products) })}</b>
    ${effect.lowered > 0 && html`<${Badge} tone="down" icon="down">${t(words.lowered, { count: number(effect.lowered) })}<//>`}
    ${effect.raised > 0 && html`<${Badge} tone="up" icon="up">${t(words.raised, { count: number(effect.raised) })}<//>`}
  </p>
  <table class="table effect-table" data-size="small">
    <thead><tr><th scope="col">${t(common.product)}</th><th scope="col" class="num">${t(words.before)}</th><th scope="col" class="num">${t(words.after)}</th></tr></thead>
    <tbody>${effect.details.slice(0, ROWS).map((row) => html`
      <tr key=${row.gtin}><th scope="row">${t(row.name) || row.gtin}</th><td class="num">${money(row.before_minor)}</td><td class="num"><b>${money(row.after_minor)}</b></td></tr>`)}</tbody>
  </table>
  ${effect.products > ROWS && html`<p class="muted">${t(words.moreRows, { count: number(effect.products - Math.min(ROWS, effect.details.length)) })}</p>`}`;

/** @param {{trial: object, single?: boolean, none?: string}} props `trial`: see `useTrial`; `none`: what to say when nothing would change */
export function Effect({ trial, single = false, none }) {
  const { state, data, error, reload } = trial;
  return html`
    <section class="effect" aria-live="polite" aria-busy=${state === 'busy'} data-state=${state}>
      <h3>${t(words.effect)} ${state === 'busy' && html`<span class="spinner" aria-hidden="true"></span>`}</h3>
      ${state === 'idle' && html`<p class="muted">${t(words.effectHint)}</p>`}
      ${state === 'failed' && (error.code === 'same' && none
        ? html`<p class="muted">${none}</p>`
        : html`<p class="effect-failed">${t(words.effectWrong, { message: sentence(error) })} <button type="button" class="button" data-look="quiet" onClick=${reload}>${t(common.retry)}</button></p>`)}
      ${data && ['known', 'busy'].includes(state) && html`
        <div class="effect-known" data-stale=${state === 'busy'}>
          ${single && data.details?.[0] && html`<${Reference} detail=${data.details[0]} />`}
          ${!single && data.details && html`<${Several} effect=${data} />`}
          <${Baskets} baskets=${data.baskets} />
        </div>`}
    </section>`;
}
