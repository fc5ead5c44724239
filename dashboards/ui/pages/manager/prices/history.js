/** Every price of a product: over time, with who and why, and the lawful reference. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { money, dateTime, date } from '../../../core/format.js';
import { now } from '../../../core/clock.js';
import { Badge } from '../../../parts/bits.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { reasonText } from '../../../parts/reason.js';
import { StepChart } from '../../../parts/step-chart.js';
import words, { changeStates } from '../../../words/prices.js';

const TONES = { planned: 'info', published: 'busy', confirmed: 'ok' };
const DAY_MS = 86_400_000;

/** The steps of the chart, oldest first: from the price before the oldest change on. */
function steps(prices) {
  const told = prices.filter((one) => one.state !== 'undone').sort((a, b) => a.effective_ms - b.effective_ms || a.id - b.id);
  if (!told.length) return [];
  return [{ at_ms: told[0].effective_ms - DAY_MS, value: told[0].from_minor }, ...told.map((one) => ({ at_ms: one.effective_ms, value: one.to_minor }))];
}

const Chart = ({ history, price_minor }) => {
  const points = steps(history.prices);
  const past = points.filter((point) => point.at_ms <= now.value).map((point) => point.value);
  if (!past.length) return null;
  const label = t(words.historyChart, { low: money(Math.min(...past)), high: money(Math.max(...past)), now: money(price_minor) });
  return html`
    <${StepChart} points=${points} now_ms=${now.value} line=${history.lawful_was_minor} format=${money} formatTime=${date} label=${label} />
    <p class="muted">${t(words.lowestLine)}: ${t(words.referenceValue, { price: money(history.lawful_was_minor), days: history.lawful_days })}</p>`;
};

const Point = ({ point }) => html`
  <li data-state=${point.state}>
    <span class="point-price">${point.from_minor !== point.to_minor && html`<s>${money(point.from_minor)}</s>`} <b>${money(point.to_minor)}</b></span>
    <${Badge} tone=${TONES[point.state]}>${t(changeStates[point.state]) || point.state}<//>
    <small>${t(words.byAt, { name: point.by, time: dateTime(point.effective_ms) })} · ${point.reason ? reasonText(point.reason) : t(words.noReason)}</small>
  </li>`;

/** @param {{load: object, product: object}} props `load`: a `useLoad` of the product's history */
export const History = ({ load, product }) => html`
  <section class="price-history">
    <h3>${t(words.history)}</h3>
    <${Loaded} load=${load}>
      ${(history) => (history.prices.length === 0
        ? html`<${Empty} icon="history" title=${t(words.noHistory)} note=${t(words.noHistoryNote)} />`
        : html`
          <${Chart} history=${history} price_minor=${product.price_minor} />
          <div class="points" tabindex="0" role="group" aria-label=${t(words.history)}><ol>${history.prices.map((point) => html`<${Point} key=${point.id} point=${point} />`)}</ol></div>`)}
    <//>
  </section>`;
