/** The basket: lines, total, and the end of the trip. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { money } from '../../core/format.js';
import { Price } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Empty } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { packText } from '../../parts/pack.js';
import { toast, complain } from '../../parts/toast.js';
import { NoCode } from './no-code.js';
import { ScaleNote } from './questions.js';
import words from '../../words/edge.js';

const Line = ({ line, currency, onRemove }) => html`
  <li class="line">
    <span class="line-quantity" aria-hidden=${line.quantity === 1}>${line.quantity > 1 ? `${line.quantity}×` : ''}</span>
    <span class="line-text"><b>${t(line.name)}</b>${line.pack && html`<small>${packText(line.pack, currency)}</small>`}${line.quantity > 1 && html`<small>${t(words.each, { price: money(line.price_minor, currency) })}</small>`}</span>
    <${Price} minor=${line.line_minor} currency=${currency} />
    <button class="touch-button" aria-label=${t(words.takeOut, { product: t(line.name) })} onClick=${onRemove}><${Icon} name="minus" size=${24} /></button>
  </li>`;

const lineKey = ({ gtin, price_minor, pack }) => `${gtin} ${price_minor} ${pack?.weight_g} ${pack?.count}`;

const Provisional = () => {
  const [open, setOpen] = useState(false);
  return html`
    <p class="provisional"><button aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="info" size=${20} /> ${t(words.provisional)}</button></p>
    ${open && html`<p class="provisional-note">${t(words.provisionalNote)}</p>`}`;
};

const Discounts = ({ state }) => {
  const currency = state.book?.currency;
  if (!state.discounts?.length) return null;
  return html`
    <ul class="discounts" tabindex="0" aria-label=${t(words.discounts)}>
      ${state.discounts.map((each) => html`<li key=${each.promotion}><span>${t(each.text)}</span><b>−${money(each.amount_minor, currency)}</b></li>`)}
    </ul>`;
};

export function Basket({ state }) {
  const [ending, setEnding] = useState(false);
  const currency = state.book?.currency;
  const count = state.basket.reduce((sum, line) => sum + line.quantity, 0);
  const remove = (line) => post('/api/basket/remove', { gtin: line.gtin, price_minor: line.price_minor })
    .then(() => toast(t(words.takenOut, { product: t(line.name) })))
    .catch(complain);
  const finish = async () => {
    await post('/api/trip/close');
    toast(t(words.finished));
  };
  return html`
    <section class="basket" aria-label=${t(words.basket)}>
      <header class="basket-head"><h2>${t(words.basket)}</h2><span>${t(count === 1 ? words.itemOne : words.items, { count })}</span>${state.taught > 0 && html`<${NoCode} />`}</header>
      ${state.basket.length === 0
        ? html`<${Empty} icon="cart" title=${t(words.emptyBasket)} note=${t(words.scanNote)} />`
        : html`<ul class="lines" tabindex="0" aria-label=${t(words.basket)}>${state.basket.map((line) => html`<${Line} key=${lineKey(line)} line=${line} currency=${currency} onRemove=${() => remove(line)} />`)}</ul>`}
      <footer class="basket-foot">
        <${Discounts} state=${state} />
        <p class="total"><span>${t(words.total)}</span><${Price} minor=${state.total_minor} currency=${currency} size="l" /></p>
        ${state.saving_minor > 0 && html`<p class="saved">${t(words.saved, { amount: money(state.saving_minor, currency) })}</p>`}
        <${ScaleNote} check=${state.basket_check} />
        ${state.provisional && html`<${Provisional} />`}
        ${state.trip
          ? html`<button class="button" data-look="primary" data-size="large" disabled=${count === 0} onClick=${() => setEnding(true)}>${t(words.finish)}</button>`
          : html`<button class="button" data-look="primary" data-size="large" onClick=${() => post('/api/trip/start').catch(complain)}>${t(words.startTrip)}</button>`}
        <small class="trip-note">${t(words.tripNote)}</small>
      </footer>
      ${ending && html`<${Confirm} title=${t(words.finishTitle)} note=${t(words.finishNote)} action=${t(words.finishDo)} onDo=${finish} onClose=${() => setEnding(false)}>
        <p class="finish-total"><${Price} minor=${state.total_minor} currency=${currency} size="l" /></p><//>`}
    </section>`;
}
