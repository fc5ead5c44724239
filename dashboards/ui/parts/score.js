/** A device's health score, 0 to 100, as a ring with its number. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';

const word = { zh: '健康分 {value}', en: 'Health {value}' };
const ROUND = 2 * Math.PI * 15;
const tone = (value) => (value >= 80 ? 'ok' : value >= 50 ? 'busy' : 'bad');

export const Score = ({ value }) => html`
  <span class="score" data-tone=${tone(value)} role="img" aria-label=${t(word, { value })}>
    <svg width="36" height="36" viewBox="0 0 36 36" aria-hidden="true">
      <circle cx="18" cy="18" r="15" class="score-track" />
      <circle cx="18" cy="18" r="15" class="score-value" stroke-dasharray=${`${(value / 100) * ROUND} ${ROUND}`} transform="rotate(-90 18 18)" />
      <text x="18" y="18" text-anchor="middle" dominant-baseline="central">${value}</text>
    </svg>
  </span>`;
