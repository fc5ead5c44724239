/** An offer that fired here and now. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, post, path } from '../../core/api.js';
import { Icon } from '../../parts/icon.js';
import { Phrases } from '../../parts/phrases.js';
import { toast, complain } from '../../parts/toast.js';
import words from '../../words/edge.js';

export function OfferCard({ offer, onFind }) {
  const find = async () => {
    try {
      const found = await get(path(['api', 'products'], { q: offer.gtin }));
      if (found.items[0]?.shelf) onFind(found.items[0]);
      else toast(t(words.noShelf));
    } catch (error) {
      complain(error);
    }
  };
  return html`
    <section class="offer-card" role="status">
      <span class="offer-icon"><${Icon} name="gift" size=${30} /></span>
      <div><p class="offer-over">${t(words.offerFor)}</p><p class="offer-title"><${Phrases} text=${t(offer.headline)} /></p></div>
      <div class="offer-buttons">
        ${offer.gtin && html`<button class="button" data-size="large" onClick=${find}><${Icon} name="map" /> ${t(words.showOnMap)}</button>`}
        <button class="button" data-size="large" onClick=${() => post('/api/offer/dismiss').catch(complain)}>${t(words.gotIt)}</button>
      </div>
    </section>`;
}
