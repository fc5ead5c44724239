/** The last minutes of a device's readings as small charts. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get, path } from '../core/api.js';
import { serverNow } from '../core/clock.js';
import { bytes, number, span } from '../core/format.js';
import { useLoad, useEvery } from '../core/load.js';
import { Chart } from './chart.js';
import { Empty, Loaded } from './states.js';
import words from '../words/tech.js';

const WINDOW_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
const EVERY_MS = 5000;
const SERIES = [
  { id: 'rss_bytes', word: words.memory, format: bytes },
  { id: 'outbox_depth', word: words.outbox, format: (value) => number(value) },
  { id: 'clock_offset_s', word: words.clock, format: (value) => span(value * 1000) },
  // Ten or more together: often an hour's.
  { id: 'people', word: words.people, format: (value) => number(value), window_ms: DAY_MS },
];

const ask = (id) => () => {
  const to_ms = Math.round(serverNow());
  return Promise.all(SERIES.map((series) => get(path(['api', 'devices', id, 'readings'], { series: series.id, from_ms: to_ms - (series.window_ms ?? WINDOW_MS), to_ms }))));
};

export function Readings({ id }) {
  const load = useLoad(ask(id), [id]);
  useEvery(EVERY_MS, load.reload);
  return html`
    <${Loaded} load=${load}>
      ${(all) => (all.every((one) => one.v.length < 2)
        ? html`<${Empty} icon="pulse" title=${t(words.noReadings)} />`
        : SERIES.map(({ id: series, word, format }, index) => all[index].v.length > 1 && html`
          <div class="spark" key=${series}>
            <p><span>${t(word)}</span> <b>${format(all[index].v.at(-1))}</b></p>
            <${Chart} t_ms=${all[index].t_ms} v=${all[index].v} format=${format} label=${`${t(word)}: ${format(all[index].v.at(-1))}`} />
          </div>`))}
    <//>`;
}
