/** The fleet in figures: online, events a second, lag, and counts by kind. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { number } from '../../core/format.js';
import { deviceList } from '../../core/store.js';
import { Failed, Loading } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Chart } from '../../parts/chart.js';
import words from '../../words/hq.js';

const KEEP = 60;

const kindName = (kind) => t(deviceList.value.find((device) => device.kind === kind)?.kind_name) || kind;

const Figure = ({ word, children, tone }) => html`<div class="figure" data-tone=${tone}><dt>${t(word)}</dt><dd>${children}</dd></div>`;

/** The rates seen since the page opened; kept while other sections are shown. */
let rates = { t_ms: [], v: [] };
let last = null;

function remember(fleet) {
  if (fleet === last) return;
  last = fleet;
  rates = { t_ms: [...rates.t_ms, Date.now()].slice(-KEEP), v: [...rates.v, fleet.events_per_s].slice(-KEEP) };
}

export function FleetFigures({ load }) {
  if (!load.data) return load.error ? html`<${Failed} error=${load.error} onRetry=${load.reload} />` : html`<${Loading} rows=${2} />`;
  const fleet = load.data;
  remember(fleet);
  return html`
    <div class="fleet-figures">
      <dl class="figures">
        <${Figure} word=${words.online} tone=${fleet.online < fleet.devices ? 'bad' : undefined}>${fleet.online}<small> / ${fleet.devices}</small><//>
        <${Figure} word=${words.journalLag} tone=${fleet.journal_lag > 1000 ? 'busy' : undefined}>${number(fleet.journal_lag)}<//>
        <${Figure} word=${words.security} tone=${fleet.security_events ? 'bad' : undefined}>${number(fleet.security_events)}<//>
        <${Figure} word=${words.deadLetters} tone=${fleet.dead_letters ? 'busy' : undefined}>${number(fleet.dead_letters)}<//>
      </dl>
      <div class="card rate-card"><p class="rate-title"><span>${t(words.eventsPerS)}</span> <b>${number(fleet.events_per_s, 1)}</b></p>
        ${rates.v.length > 1 && html`<${Chart} t_ms=${rates.t_ms} v=${rates.v} format=${(value) => number(value, 1)} label=${`${t(words.eventsPerS)}: ${number(fleet.events_per_s, 1)}`} height=${64} />`}</div>
      <ul class="kind-counts" aria-label=${t(words.byKind)}>
        ${Object.entries(fleet.by_kind).map(([kind, count]) => html`
          <li key=${kind} data-bad=${count.online < count.total}><${Icon} name=${kindIcon(kind)} /><span>${kindName(kind)}</span><b>${count.online}<small> / ${count.total}</small></b></li>`)}
      </ul>
    </div>`;
}
