/** The health that a device reported last. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { bytes, number, span } from '../../core/format.js';
import words, { driverStates } from '../../words/tech.js';

const GOOD = ['ready', 'starting'];
const LATE_S = 2;

const Reading = ({ word, value, isBad = false }) => html`<div class="reading" data-bad=${isBad}><dt>${t(word)}</dt><dd>${value}</dd></div>`;

export const Health = ({ health }) => html`
  <dl class="readings">
    <${Reading} word=${words.uptime} value=${span(health.uptime_s * 1000)} />
    <${Reading} word=${words.outbox} value=${number(health.outbox_depth)} isBad=${health.outbox_depth > 1000} />
    <${Reading} word=${words.dropped} value=${number(health.dropped)} isBad=${health.dropped > 0} />
    <${Reading} word=${words.clock} value=${health.clock_offset_s == null ? '—' : span(health.clock_offset_s * 1000)} isBad=${Math.abs(health.clock_offset_s ?? 0) > LATE_S} />
    <${Reading} word=${words.disk} value=${bytes(health.disk_free_bytes)} isBad=${health.disk_free_bytes < 500_000_000} />
    <${Reading} word=${words.memory} value=${bytes(health.rss_bytes)} />
  </dl>
  ${Object.keys(health.drivers ?? {}).length > 0 && html`
    <p class="drivers"><span class="muted">${t(words.drivers)}</span> ${Object.entries(health.drivers).map(([name, state]) => html`
      <span class="badge" key=${name} data-tone=${GOOD.includes(state) ? 'ok' : 'bad'}>${name} ${t(driverStates[state]) || state}</span>`)}</p>`}`;
