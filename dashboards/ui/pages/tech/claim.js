/** An open claim: its code in three forms, the time left, and the device once it has come. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { now } from '../../core/clock.js';
import { countdown } from '../../core/format.js';
import { devices } from '../../core/store.js';
import { href } from '../../core/route.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Empty } from '../../parts/states.js';
import { CopyButton } from '../../parts/copy.js';
import { Presence } from '../../parts/bits.js';
import words from '../../words/tech.js';

/** As an image: whatever stands in the SVG can then run no script and load nothing. */
function picture(svg) {
  // An SVG that was meant to stand inside HTML lacks the name space that one by itself must have.
  const whole = svg.includes('xmlns=') ? svg : svg.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(whole)}`;
}

const Arrived = ({ claim, device, onAnother }) => html`
  <div class="arrived" role="status">
    <span class="arrived-icon"><${Icon} name=${kindIcon(claim.kind)} size=${40} /><i><${Icon} name="check" size=${20} /></i></span>
    <h3>${t(words.arrived, { name: claim.name })}</h3>
    <p class="muted">${t(words.arrivedNote)}</p>
    <p>${device} ${devices.value.has(device) && html`<${Presence} online=${devices.value.get(device).online} />`}</p>
    <p class="buttons"><a class="button" data-look="primary" href=${href('devices', device)}>${t(words.seeDevice)}</a> <button class="button" onClick=${onAnother}>${t(words.another)}</button></p>
  </div>`;

/** @param {{claim: object, state?: object, onAnother: () => void}} props `claim` as made, `state` as listed now */
export function Claim({ claim, state, onAnother }) {
  const left_ms = claim.expires_ms - now.value;
  if (state?.device) return html`<${Arrived} claim=${claim} device=${state.device} onAnother=${onAnother} />`;
  if (left_ms <= 0 || state?.state === 'expired') {
    return html`<${Empty} icon="clock" title=${t(words.expired)} note=${t(words.expiredNote)}><button class="button" onClick=${onAnother}>${t(words.another)}</button><//>`;
  }
  return html`
    <div class="claim">
      <figure class="qr"><img src=${picture(claim.qr_svg)} alt=${t(words.qrAlt, { code: claim.code })} /><figcaption>${t(words.scanThis)}</figcaption></figure>
      <div class="claim-forms">
        <div><p class="muted">${t(words.orType)}</p><p class="code"><output>${claim.code}</output> <${CopyButton} text=${claim.code} /></p></div>
        <div><p class="muted">${t(words.orRun)}</p><div class="command"><code>${claim.command}</code><${CopyButton} text=${claim.command} /></div></div>
        <p class="claim-wait"><span class="spinner" aria-hidden="true"></span><span role="status">${t(words.waiting)}</span> <b role="timer" data-soon=${left_ms < 60_000}>${t(words.expiresIn, { left: countdown(left_ms) })}</b></p>
        <p><button class="button" data-look="quiet" onClick=${onAnother}>${t(words.another)}</button></p>
      </div>
    </div>`;
}
