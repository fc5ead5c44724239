/** How well carts know where they are: the promise of the map, surveys to put to use, and how the beacons are. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, get, path, post } from '../../core/api.js';
import { percent, dateTime } from '../../core/format.js';
import { site, storeId } from '../../core/store.js';
import { useEvery, useLoad } from '../../core/load.js';
import { Badge, Card } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { HeatLegend } from '../../parts/map/heat.js';
import { StoreMap } from '../../parts/map/map.js';
import { Advice, Figures, ZoneTable } from '../../parts/promise.js';
import { Empty, Loaded } from '../../parts/states.js';
import { complain, toast } from '../../parts/toast.js';
import words, { beaconStates } from '../../words/survey.js';

const ASK_MS = 10_000;
const TONES = { well: 'ok', low: 'busy', ill: 'bad', unheard: 'plain' };

const Walked = ({ survey, onUse, onForget }) => html`
  <li class="row wrapping">
    <span class="row-icon"><${Icon} name="map" /></span>
    <span class="row-text"><b>${survey.device_name}</b><small>${dateTime(survey.until_ms)} · ${t(words.legCount, { count: survey.legs })}</small></span>
    <span class="row-side">
      ${survey.is_used ? html`<${Badge} tone="ok" icon="check">${t(words.inUse)}<//>` : html`<button class="button" onClick=${onUse}>${t(words.use)}</button>`}
      <button class="icon-button" aria-label=${t(words.forget)} title=${t(words.forget)} onClick=${onForget}><${Icon} name="trash" size=${18} /></button>
    </span>
  </li>`;

const BeaconRow = ({ beacon }) => html`
  <tr>
    <td>${beacon.id}</td>
    <td><${Badge} tone=${TONES[beacon.state]}>${t(beaconStates[beacon.ill || beacon.state])}<//></td>
    <td class="num">${beacon.rate == null ? '—' : percent(beacon.rate)}</td>
    <td class="num wide-only">${beacon.battery_mv == null ? '—' : `${(beacon.battery_mv / 1000).toFixed(2)} V`}</td>
    <td class="num wide-only">${t(words.saidBy, { count: beacon.devices })}</td>
  </tr>`;

const RANK = { ill: 0, low: 1, unheard: 2, well: 3 };

const Beacons = ({ load }) => html`
  <${Card} title=${t(words.beacons)} side=${html`<small class="muted">${t(words.beaconsNote)}</small>`} flush>
    <${Loaded} load=${load} empty=${html`<${Empty} icon="beacon" title=${t(beaconStates.unheard)} />`}>
      ${(beacons) => html`<div class="beacon-scroll" tabindex="0" role="group" aria-label=${t(words.beacons)}><table class="table">
        <thead><tr><th scope="col">${t(words.beacons)}</th><th scope="col"><span class="visually-hidden">${t(words.advice)}</span></th><th scope="col" class="num">${t(words.rate)}</th><th scope="col" class="num wide-only">${t(words.battery)}</th><th scope="col" class="num wide-only"><span class="visually-hidden">${t(words.beaconsNote)}</span></th></tr></thead>
        <tbody>${[...beacons].sort((a, b) => RANK[a.state] - RANK[b.state]).map((beacon) => html`<${BeaconRow} key=${beacon.id} beacon=${beacon} />`)}</tbody>
      </table></div>`}
    <//>
  <//>`;

export function Positioning() {
  const store = storeId.value;
  const promise = useLoad(() => get(path(['api', 'stores', store, 'promise'])), [store]);
  const surveys = useLoad(() => get(path(['api', 'stores', store, 'surveys'])), [store]);
  const beacons = useLoad(() => get(path(['api', 'stores', store, 'beacons'])), [store]);
  const [forgetting, setForgetting] = useState(null);
  useEvery(ASK_MS, () => { beacons.reload(); surveys.reload(); });
  useEffect(() => { promise.reload(); }, [(surveys.data ?? []).find((one) => one.is_used)?.id]);

  const use = (survey) => post(path(['api', 'stores', store, 'surveys', survey.id, 'use']), {})
    .then(() => { toast(t(words.used), 'done'); surveys.reload(); })
    .catch(complain);
  const forget = async () => {
    await del(path(['api', 'stores', store, 'surveys', forgetting.id]));
    toast(t(words.forgotten));
    surveys.reload();
  };
  const level = promise.data?.levels[0];
  return html`
    <div class="positioning">
      <${Card} title=${t(words.expected)} flush className="positioning-map">
        <div class="positioning-frame"><${StoreMap} site=${site.value} legend=${false} heat=${level} beaconStates=${beacons.data ?? []} showBeacons /></div>
        <${Loaded} load=${promise}>${() => html`<div class="positioning-figures"><${HeatLegend} /><${Figures} level=${level} /><${Advice} level=${level} /></div>`}<//>
      <//>
      <div class="positioning-side">
        <${Card} title=${t(words.surveys)} flush>
          <${Loaded} load=${surveys} empty=${html`<${Empty} icon="map" title=${t(words.noSurveys)} note=${t(words.noSurveysNote)} />`}>
            ${(all) => html`<ul class="rows">${all.map((survey) => html`<${Walked} key=${survey.id} survey=${survey} onUse=${() => use(survey)} onForget=${() => setForgetting(survey)} />`)}</ul>`}
          <//>
        <//>
        ${promise.data && html`<${Card} flush><${ZoneTable} zones=${promise.data.zones} /><//>`}
        <${Beacons} load=${beacons} />
      </div>
    </div>
    ${forgetting && html`<${Confirm} title=${t(words.forget)} note=${t(words.forgetNote)} action=${t(words.forget)} tone="danger" onDo=${forget} onClose=${() => setForgetting(null)}><p><b>${forgetting.device_name}</b></p><//>`}`;
}
