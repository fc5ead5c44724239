/** The store on the screen, with the place of the chosen product. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { StoreMap } from '../../parts/map/map.js';
import { Price } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import mapWords from '../../words/map.js';
import words from '../../words/edge.js';

export function KioskMap({ state, chosen, onClear }) {
  const here = state.position ? [{ ...state.position, id: state.device, me: true, sigma_m: 0, name: t(mapWords.here) }] : [];
  return html`
    <section class="kiosk-map" aria-label=${t(words.map)}>
      <${StoreMap} site=${state.site} movers=${here} pins=${chosen?.shelf ? [chosen.shelf] : []} legend=${false}>
        ${chosen && html`
          <div class="map-note map-over" role="status">
            <div><b>${t(chosen.name)}</b>${!chosen.shelf && html`<p class="muted">${t(words.noShelf)}</p>`}</div>
            <${Price} minor=${chosen.price_minor} currency=${state.book?.currency} size="l" />
            <button class="touch-button" aria-label=${t(words.clear)} onClick=${onClear}><${Icon} name="close" size=${28} /></button>
          </div>`}
      <//>
    </section>`;
}
