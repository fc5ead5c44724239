/** The devices of a store, ailing ones first. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { deviceList } from '../../core/store.js';
import { href } from '../../core/route.js';
import { Badge, Card, Presence, Ago } from '../../parts/bits.js';
import { Empty } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Score } from '../../parts/score.js';
import words from '../../words/tech.js';

export const matches = (device, query) => !query || [device.id, device.name, device.kind, device.kind_name?.zh, device.kind_name?.en]
  .some((text) => text?.toLowerCase().includes(query.toLowerCase()));

const rank = (device) => (device.online ? 0 : -2) + (device.faults.length ? -1 : 0);

const Row = ({ device }) => html`
  <li><a class="row" href=${href('devices', device.id)} data-online=${device.online}>
    <span class="row-icon"><${Icon} name=${kindIcon(device.kind)} /></span>
    <span class="row-text"><b>${device.name || device.id}</b><small>${t(device.kind_name)} · ${device.id}</small></span>
    <span class="row-side">
      <span class="row-state">
      ${!device.in_service && html`<${Badge} tone="busy">${t(words.outOfService)}<//>`}
      ${device.faults.length > 0 && html`<${Badge} tone="bad" icon="alert">${t(device.faults.length === 1 ? words.faultOne : words.faultCount, { count: device.faults.length })}<//>`}
      <span class="row-presence"><${Presence} online=${device.online} /><small><${Ago} ms=${device.online ? device.last_seen_ms : device.since_ms} /></small></span>
      </span>
      <${Score} value=${device.score} />
      <${Icon} name="next" size=${18} />
    </span>
  </a></li>`;

export function Devices() {
  const [query, setQuery] = useState('');
  const shown = deviceList.value.filter((device) => matches(device, query.trim())).sort((a, b) => rank(a) - rank(b));
  return html`
    <${Card} title=${t(words.devices)} flush className="wide-card" side=${html`
      <div class="search" data-size="small"><${Icon} name="search" size=${18} />
        <input type="search" aria-label=${t(words.findDevice)} placeholder=${t(words.findDevice)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>`}>
      ${shown.length === 0 && html`<${Empty} icon="device" title=${t(words.noDevices)} note=${t(words.noDevicesNote)} />`}
      <ul class="rows">${shown.map((device) => html`<${Row} key=${device.id} device=${device} />`)}</ul>
    <//>`;
}
