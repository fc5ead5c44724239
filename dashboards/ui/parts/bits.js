/** Small things that many pages show. */
import { html } from '../core/html.js';
import { priceParts } from '../core/format.js';
import { now } from '../core/clock.js';
import { ago, dateTime } from '../core/format.js';
import { t } from '../core/i18n.js';
import { Icon } from './icon.js';
import words from '../words/common.js';

/** A price as a price tag shows it: small symbol, big whole part. */
export function Price({ minor, currency = 'CNY', size = 'm' }) {
  if (minor == null) return html`<span class="price" data-size=${size}>—</span>`;
  const { symbol, whole, fraction } = priceParts(minor, currency);
  return html`<span class="price" data-size=${size}><small>${symbol}</small>${whole}<small>${fraction}</small></span>`;
}

/** A word with a colour and a sign of its own, never colour alone. */
export const Badge = ({ tone = 'plain', icon, children }) => html`
  <span class="badge" data-tone=${tone}>${icon && html`<${Icon} name=${icon} size=${14} />`}${children}</span>`;

export const Presence = ({ online }) => html`
  <span class="presence" data-online=${online}><i aria-hidden="true"></i>${t(online ? words.online : words.offline)}</span>`;

/** "3 minutes ago", kept up to date. */
export const Ago = ({ ms }) => (ms ? html`<time dateTime=${new Date(ms).toISOString()} title=${dateTime(ms)}>${ago(Math.min(ms, now.value), now.value)}</time>` : html`<span>—</span>`);

/** A field: label, control, help or error beneath. */
export const Field = ({ label, id, note, error, children }) => html`
  <div class="field">
    <label for=${id}>${label}</label>
    ${children}
    ${error ? html`<p class="field-error" id=${`${id}-note`} role="alert">${error}</p>` : note ? html`<p class="field-note" id=${`${id}-note`}>${note}</p>` : null}
  </div>`;

/** An on/off switch. */
export const Switch = ({ label, checked, onChange, disabled = false }) => html`
  <label class="switch">
    <input type="checkbox" role="switch" checked=${checked} disabled=${disabled} onChange=${(event) => onChange(event.currentTarget.checked)} />
    <span class="switch-track" aria-hidden="true"></span>
    <span>${label}</span>
  </label>`;

/** A titled block. */
export const Card = ({ title, side, children, flush = false, className = '' }) => html`
  <section class=${`card ${className}`} data-flush=${flush}>
    ${title && html`<header class="card-head"><h2>${title}</h2>${side}</header>`}
    ${children}
  </section>`;
