/** The cart's head line: store, how it is connected, language. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { connection } from '../../core/live.js';
import { Icon } from '../../parts/icon.js';
import { LanguageSwitch, Mark } from '../../parts/shell.js';
import common from '../../words/common.js';
import words from '../../words/edge.js';
import surveyWords from '../../words/survey.js';
import cameraWords from '../../words/camera.js';

/** A shopper needs to know one thing of the network: whether the cart still works. It does. */
export const Network = ({ state }) => {
  if (connection.value === 'lost') return html`<span class="network" data-tone="bad" role="status"><${Icon} name="alert" size=${18} /> <span>${t(common.lost)}</span></span>`;
  if (!state.online) return html`<span class="network" data-tone="busy" role="status"><${Icon} name="wifi" size=${18} /> <span>${t(words.cloudLost)}</span></span>`;
  if (!state.local_online) return html`<span class="network" data-tone="busy" role="status"><${Icon} name="wifi" size=${18} /> <span>${t(words.gatewayLost)}</span></span>`;
  return null;
};

export const CartTop = ({ state }) => html`
  <header class="cart-top">
    <${Mark} size=${34} />
    <p><b>${t(state.site?.name) || 'Aisle'}</b><small>${state.name || state.device}</small></p>
    ${state.out_of_service && html`<a class="network" href="#/survey"><${Icon} name="beacon" size=${18} /> <span>${t(surveyWords.surveyThis)}</span></a>`}
    <${Network} state=${state} />
    <a class="icon-button" href="#/camera" aria-label=${t(cameraWords.camera)} title=${t(cameraWords.camera)}><${Icon} name="camera" size=${22} /></a>
    <${LanguageSwitch} />
  </header>`;
