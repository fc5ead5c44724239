/** Where the cart is, and where the thing is that the shopper looks for. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { metres } from '../../core/format.js';
import { StoreMap } from '../../parts/map/map.js';
import { Icon } from '../../parts/icon.js';
import { Price } from '../../parts/bits.js';
import { toast, complain } from '../../parts/toast.js';
import mapWords from '../../words/map.js';
import words from '../../words/edge.js';

const distance = (from, to) => Math.hypot(from.x_m - to.x_m, from.y_m - to.y_m);

const Place = ({ place, position, onClear }) => html`
  <div class="map-note map-over" role="status">
    <div><b>${t(place.name)}</b><p class="muted">${position && place.shelf ? t(words.away, { distance: metres(distance(position, place.shelf)) }) : null}</p></div>
    <${Price} minor=${place.price_minor} />
    <button class="touch-button" aria-label=${t(words.clear)} onClick=${onClear}><${Icon} name="close" /></button>
  </div>`;

/** @param {{state: object, place: object|null, onClear: () => void, walkable: boolean}} props */
export function CartMap({ state, place, onClear, walkable }) {
  const { position } = state;
  const me = position ? [{ ...position, id: state.device, me: true, name: t(mapWords.here) }] : [];
  const walk = ({ x_m, y_m }) => post('/api/virtual/walk', { x_m: Number(x_m.toFixed(2)), y_m: Number(y_m.toFixed(2)) })
    .then(() => toast(t(words.walking)))
    .catch(complain);
  return html`
    <section class="cart-map" aria-label=${t(words.map)}>
      <${StoreMap} site=${state.site} movers=${me} pins=${place?.shelf ? [place.shelf] : []} legend=${false} onTap=${walkable ? walk : undefined}>
        ${place && html`<${Place} place=${place} position=${position} onClear=${onClear} />`}
      <//>
    </section>`;
}
