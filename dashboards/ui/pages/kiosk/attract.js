/** What the screen shows when nobody is there: the offers of the day, and an invitation. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { useEvery } from '../../core/load.js';
import { LanguageSwitch, Mark } from '../../parts/shell.js';
import { Phrases } from '../../parts/phrases.js';
import { Icon } from '../../parts/icon.js';
import common from '../../words/common.js';
import words from '../../words/edge.js';

const TURN_MS = 6000;

export function Attract({ state, onTouch }) {
  const [turn, setTurn] = useState(0);
  useEvery(TURN_MS, () => setTurn((old) => old + 1));
  const offers = state.offers ?? [];
  const offer = offers.length ? offers[turn % offers.length] : null;
  const zone = offer && state.site?.zones.find((one) => one.id === offer.zone);
  return html`
    <header class="kiosk-top" data-look="attract"><${Mark} size=${44} /><p><b>${t(state.site?.name) || 'Aisle'}</b></p><${LanguageSwitch} /></header>
    <main class="attract">
      <h1 class="visually-hidden">${t(common.kiosk)}</h1>
      ${offer
        ? html`<div class="attract-offer" key=${offer.id}><p class="attract-over"><${Icon} name="gift" size=${36} /> ${t(words.offersNow)}</p><p class="attract-title"><${Phrases} text=${t(offer.headline)} /></p>${zone && html`<p class="attract-zone"><${Icon} name="map" size=${30} /> ${t(zone.name)}</p>`}</div>`
        : html`<div class="attract-offer"><p class="attract-title">${t(words.welcome)}</p></div>`}
      <button class="attract-touch" onClick=${onTouch}><${Icon} name="hand" size=${48} /> ${t(words.touchToFind)}</button>
      ${offers.length > 1 && html`<p class="attract-dots" aria-hidden="true">${offers.map((one, index) => html`<i key=${one.id} data-on=${index === turn % offers.length}></i>`)}</p>`}
    </main>`;
}
