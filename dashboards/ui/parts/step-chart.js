/** A value that holds until it changes, as steps in an SVG of our own; what is still to come is dashed. */
import { html } from '../core/html.js';

const WIDTH = 320;
const HEIGHT = 96;
const AIR = 8;

/** Steps as an SVG path. @param {{at_ms: number, value: number}[]} points in order of time */
const steps = (points, x, y, end_ms) => points
  .map((point, index) => `${index ? 'H' : 'M'}${x(point.at_ms)}${index ? `V${y(point.value)}` : ` ${y(point.value)}`}`)
  .join('') + `H${x(end_ms)}`;

/**
 * @param {{points: {at_ms: number, value: number}[], now_ms: number, line?: number, format: (value: number) => string,
 *   formatTime: (ms: number) => string, label: string}} props `line`: a value to compare with
 */
export function StepChart({ points, now_ms, line, format, formatTime, label }) {
  const values = [...points.map((point) => point.value), ...(line == null ? [] : [line])];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const start_ms = points[0].at_ms;
  const last_ms = points.at(-1).at_ms;
  const end_ms = last_ms > now_ms ? last_ms + (last_ms - start_ms) * 0.08 : now_ms;
  const round = (value) => Math.round(value * 10) / 10;
  const x = (ms) => round(((ms - start_ms) / Math.max(1, end_ms - start_ms)) * WIDTH);
  const y = (value) => round(high === low ? HEIGHT / 2 : HEIGHT - AIR - ((value - low) / (high - low)) * (HEIGHT - 2 * AIR));
  const past = points.filter((point) => point.at_ms <= now_ms);
  const later = [...past.slice(-1).map((point) => ({ ...point, at_ms: now_ms })), ...points.filter((point) => point.at_ms > now_ms)];
  return html`
    <figure class="step-chart">
      <div class="step-chart-scale" aria-hidden="true"><span>${format(high)}</span>${high !== low && html`<span>${format(low)}</span>`}</div>
      <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${label}>
        ${line != null && html`<path class="step-chart-line" d=${`M0 ${y(line)}H${WIDTH}`} />`}
        <path class="step-chart-past" d=${steps(past, x, y, Math.min(now_ms, end_ms))} />
        ${later.length > 1 && html`<path class="step-chart-later" d=${steps(later, x, y, end_ms)} />`}
        ${end_ms > now_ms && html`<path class="step-chart-now" d=${`M${x(now_ms)} 0V${HEIGHT}`} />`}
      </svg>
      <figcaption class="step-chart-times" aria-hidden="true"><span>${formatTime(start_ms)}</span><span>${formatTime(end_ms)}</span></figcaption>
    </figure>`;
}
