/** For virtual devices only: steer the cart and hold products before its camera. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { useRested } from '../../core/load.js';
import { state } from '../../core/agent.js';
import { Switch } from '../../parts/bits.js';
import { Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { toast, complain } from '../../parts/toast.js';
import { useProducts } from './find.js';
import { PutIn } from './questions.js';
import common from '../../words/common.js';
import words from '../../words/edge.js';

const REST_MS = 160;
const MOST = 30;

const hold = (product) => post('/api/virtual/show', { gtin: product.gtin })
  .then(() => toast(t(words.holding, { product: t(product.name) })))
  .catch(complain);

/** Products to hold before the virtual camera. */
export function Hold({ bookVersion }) {
  const [query, setQuery] = useState('');
  const load = useProducts(useRested(query.trim(), REST_MS), bookVersion);
  return html`
    <div class="hold">
      <div class="search" data-size="small"><${Icon} name="search" size=${18} /><input type="search" aria-label=${t(words.findProduct)} placeholder=${t(words.findHint)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>
      <${Loaded} load=${load}>
        ${({ items }) => html`<ul class="hold-list">${items.slice(0, MOST).map((product) => html`
          <li key=${product.gtin}><button onClick=${() => hold(product)}><${Icon} name="barcode" size=${20} /><span>${t(product.name)}</span></button></li>`)}</ul>`}
      <//>
    </div>`;
}

export function Drawer({ onClose }) {
  const [auto, setAuto] = useState(true);
  const setWalking = (on) => {
    setAuto(on);
    post('/api/virtual/auto', { on }).catch((error) => {
      setAuto(!on);
      complain(error);
    });
  };
  return html`
    <aside class="drawer" aria-label=${t(words.tryIt)}>
      <header><h2>${t(words.tryIt)}</h2><button class="touch-button" aria-label=${t(common.close)} onClick=${onClose}><${Icon} name="close" /></button></header>
      <p class="muted">${t(words.tryNote)}</p>
      <${Switch} label=${t(words.autoWalk)} checked=${auto} onChange=${setWalking} />
      <p class="drawer-hint"><${Icon} name="map" size=${20} /> ${t(words.tapToWalk)}</p>
      <${PutIn} check=${state.value.basket_check} />
      <h3>${t(words.hold)}</h3>
      <${Hold} bookVersion=${state.value.book?.version} />
    </aside>`;
}

export const TryButton = ({ open, onOpen }) => html`
  <button class="try-button" aria-expanded=${open} onClick=${onOpen}><${Icon} name="hand" size=${24} /><span>${t(words.tryIt)}</span></button>`;
