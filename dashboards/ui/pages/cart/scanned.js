/** The last product before the camera, big enough to read at arm's length. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { Price } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { packText, refusal } from '../../parts/pack.js';
import words from '../../words/edge.js';
import cameraWords from '../../words/camera.js';

const CameraLink = () => html`<a class="camera-link" href="#/camera"><${Icon} name="camera" size=${18} /> ${t(cameraWords.open)}</a>`;

export function Scanned({ state }) {
  const code = state.last_code;
  if (!code) {
    return html`
      <section class="scanned" data-state="waiting">
        <span class="scan-icon"><${Icon} name="barcode" size=${44} /></span>
        <p class="scan-title">${t(words.scanFirst)}</p>
        <p class="muted">${t(words.scanNote)}</p>
        <${CameraLink} />
      </section>`;
  }
  const refused = code.known ? null : refusal(code);
  return html`
    <section class="scanned" data-state=${code.known ? 'known' : 'unknown'} key=${code.at_ms} aria-live="polite">
      <p class="scan-over">${t(words.lastScanned)}</p>
      <p class="scan-title">${refused ? refused.title : t(code.name)}</p>
      ${refused
        ? html`<p class="muted">${refused.note}</p>`
        : html`<${Price} minor=${code.price_minor} currency=${state.book?.currency} size="xl" />`}
      ${code.pack && html`<p class="scan-pack">${packText(code.pack, state.book?.currency)}</p>`}
    </section>`;
}
