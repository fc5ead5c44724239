/** The sale at a till, on its status page: what was read, what is charged for it, and a way to try it. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { money } from '../../core/format.js';
import { Badge, Card, Price } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { packText, refusal } from '../../parts/pack.js';
import { complain } from '../../parts/toast.js';
import { Hold } from '../cart/try-it.js';
import words from '../../words/edge.js';

const OUT = {
  'taken-out': { zh: '暂停收银：本机已被店长停用', en: 'Out of service: this till sells nothing' },
  'awaiting-book': { zh: '暂停收银：正在等待最新价格本', en: 'Waiting for the newest price book before selling again' },
};

const Line = ({ line, currency }) => html`
  <li>
    <span class="row-text"><b>${line.quantity > 1 ? `${line.quantity}× ` : ''}${t(line.name)}</b>${line.pack && html`<small>${packText(line.pack, currency)}</small>`}</span>
    <${Price} minor=${line.line_minor} currency=${currency} />
    <button class="touch-button" aria-label=${t(words.takeOut, { product: t(line.name) })} onClick=${() => post('/api/basket/remove', { gtin: line.gtin, price_minor: line.price_minor }).catch(complain)}><${Icon} name="minus" /></button>
  </li>`;

export function Till({ state }) {
  const { last_code: code, basket, trip } = state;
  const refused = code && !code.known ? refusal(code) : null;
  const currency = state.book?.currency;
  const out = OUT[state.out_of_service];
  return html`
    <div class="till">
      <${Card} title=${t(words.sale)} side=${trip
        ? html`<button class="button" data-look="primary" disabled=${out || basket.length === 0} onClick=${() => post('/api/trip/close').catch(complain)}>${t(words.paid)}</button>`
        : html`<button class="button" data-look="primary" disabled=${out} onClick=${() => post('/api/trip/start').catch(complain)}>${t(words.newCustomer)}</button>`}>
        ${out && html`<p role="status"><${Badge} tone="bad" icon="alert">${t(out)}<//></p>`}
        ${code && html`<p class="till-last" role="status" data-refused=${Boolean(refused)}><span class="row-text"><b>${refused ? refused.title : t(code.name)}</b>${(refused || code.pack) && html`<small>${refused ? refused.note : packText(code.pack, currency)}</small>`}</span>${code.known && html`<${Price} minor=${code.price_minor} currency=${currency} size="l" />`}</p>`}
        ${basket.length > 0 && html`<ul class="till-lines">${basket.map((line) => html`<${Line} key=${`${line.gtin} ${line.price_minor} ${line.pack?.weight_g}`} line=${line} currency=${currency} />`)}</ul>`}
        ${state.discounts?.length > 0 && html`<ul class="discounts" tabindex="0" aria-label=${t(words.discounts)}>${state.discounts.map((each) => html`<li key=${each.promotion}><span>${t(each.text)}</span><b>−${money(each.amount_minor, currency)}</b></li>`)}</ul>`}
        <p class="till-total"><span>${t(words.total)}</span><${Price} minor=${state.total_minor} currency=${currency} size="l" /></p>
        ${state.virtual && trip && !out && html`<h3>${t(words.hold)}</h3><${Hold} bookVersion=${state.book?.version} />`}
      <//>
    </div>`;
}
