/** The cart's page: what was scanned, the basket and its total, offers, map and search. Served by the cart itself. */
import { html, start, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { AgentPage } from '../parts/agent-page.js';
import { Icon } from '../parts/icon.js';
import { CartTop } from './cart/top.js';
import { Scanned } from './cart/scanned.js';
import { OfferCard } from './cart/offer.js';
import { Basket } from './cart/basket.js';
import { Questions } from './cart/questions.js';
import { CartMap } from './cart/cart-map.js';
import { Find } from './cart/find.js';
import { Drawer, TryButton } from './cart/try-it.js';
import { route } from '../core/route.js';
import { Survey } from './cart/survey.js';
import { Camera } from './cart/camera.js';
import common from '../words/common.js';
import words from '../words/edge.js';

const VIEWS = [['basket', words.basket, 'cart'], ['map', words.map, 'map'], ['find', words.find, 'search']];

/** On a phone one view at a time; on a tablet basket and one other side by side (see cart.css). */
const Tabs = ({ view, onView, children }) => html`
  <nav class="cart-tabs" aria-label=${t(common.sections)}>
    ${VIEWS.map(([id, word, icon]) => html`
      <button key=${id} aria-pressed=${view === id} onClick=${() => onView(id)}><${Icon} name=${icon} size=${24} /><span>${t(word)}</span></button>`)}
    ${children}
  </nav>`;

function Body({ state }) {
  const [view, setView] = useState('basket');
  const [place, setPlace] = useState(null);
  const [trying, setTrying] = useState(false);
  const show = (product) => {
    setPlace(product);
    setView('map');
  };
  const openDrawer = () => {
    setTrying(!trying);
    if (!trying) setView('map');
  };
  if (route.value[0] === 'survey') return html`<${CartTop} state=${state} /><${Survey} state=${state} />`;
  if (route.value[0] === 'camera') return html`<${CartTop} state=${state} /><${Camera} />`;
  return html`
    <${CartTop} state=${state} />
    <main class="cart-main" data-view=${view}>
      <h1 class="visually-hidden">${t(common.cart)}</h1>
      <div class="cart-left">
        <${Questions} check=${state.basket_check} />
        <${Scanned} state=${state} />
        ${state.offer && html`<${OfferCard} key=${`${state.offer.offer} ${state.offer.at_ms}`} offer=${state.offer} onFind=${show} />`}
        <${CartMap} state=${state} place=${place} onClear=${() => setPlace(null)} walkable=${trying} />
        <${Find} state=${state} onShow=${show} />
      </div>
      <${Basket} state=${state} />
    </main>
    <${Tabs} view=${view} onView=${setView}>${state.virtual && html`<${TryButton} open=${trying} onOpen=${openDrawer} />`}<//>
    ${trying && html`<${Drawer} onClose=${() => setTrying(false)} />`}`;
}

start(() => html`<${AgentPage} title=${common.cart} name="cart">${(state) => html`<${Body} state=${state} />`}<//>`);
