/** Every device with its health: searched, filtered, sorted; those offline stand out. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { bytes, number, span } from '../../core/format.js';
import { now } from '../../core/clock.js';
import { deviceList } from '../../core/store.js';
import { href, go } from '../../core/route.js';
import { Badge, Card, Presence, Ago } from '../../parts/bits.js';
import { Empty } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Score } from '../../parts/score.js';
import { matches } from '../tech/devices.js';
import words from '../../words/hq.js';
import common from '../../words/common.js';

/** Columns: how to show, how to sort. */
const COLUMNS = [
  { id: 'device', word: words.device, sort: (device) => device.name || device.id },
  { id: 'state', word: words.state, sort: (device) => Number(device.online) },
  { id: 'score', word: words.score, sort: (device) => device.score },
  { id: 'last', word: words.lastSeen, sort: (device) => device.last_seen_ms, wide: true },
  { id: 'outbox', word: words.outbox, num: true, sort: (device) => device.health?.outbox_depth ?? -1, wide: true },
  { id: 'clock', word: words.clock, num: true, sort: (device) => Math.abs(device.health?.clock_offset_s ?? 0), wide: true },
  { id: 'disk', word: words.disk, num: true, sort: (device) => device.health?.disk_free_bytes ?? -1, wide: true },
  { id: 'memory', word: words.memory, num: true, sort: (device) => device.health?.rss_bytes ?? -1, wide: true },
  { id: 'book', word: words.book, num: true, sort: (device) => device.book_version ?? -1, wide: true },
  { id: 'events', word: words.events, num: true, sort: (device) => device.events, wide: true },
];

const isAiling = (device) => !device.online || device.faults.length > 0 || device.score < 80;
const compare = (a, b) => (typeof a === 'string' ? a.localeCompare(b, 'zh', { numeric: true }) : a - b);

const Row = ({ device }) => {
  const health = device.health;
  return html`
    <tr data-online=${device.online} onClick=${() => go('fleet', device.id)}>
      <th scope="row"><a href=${href('fleet', device.id)}><${Icon} name=${kindIcon(device.kind)} size=${18} /> <b>${device.name || device.id}</b></a><small>${t(device.kind_name)} · ${device.store}</small></th>
      <td>${device.online ? html`<${Presence} online=${true} />` : html`<${Badge} tone="bad" icon="alert">${t(words.offlineFor, { span: span(Math.max(0, now.value - device.since_ms)) })}<//>`}
        ${device.faults.map((fault) => html`<small key=${fault.fault} class="fault">${fault.fault}</small>`)}</td>
      <td><${Score} value=${device.score} /></td>
      <td class="wide-only"><${Ago} ms=${device.last_seen_ms} /></td>
      <td class="num wide-only">${number(health?.outbox_depth)}</td>
      <td class="num wide-only">${health?.clock_offset_s == null ? '—' : span(health.clock_offset_s * 1000)}</td>
      <td class="num wide-only">${bytes(health?.disk_free_bytes)}</td>
      <td class="num wide-only">${bytes(health?.rss_bytes)}</td>
      <td class="num wide-only">${device.book_version ?? '—'}</td>
      <td class="num wide-only">${number(device.events)}</td>
    </tr>`;
};

const Head = ({ column, sort, onSort }) => html`
  <th scope="col" class=${`${column.num ? 'num' : ''} ${column.wide ? 'wide-only' : ''}`} aria-sort=${sort.id === column.id ? (sort.down ? 'descending' : 'ascending') : 'none'}>
    <button class="sort" onClick=${() => onSort({ id: column.id, down: sort.id === column.id ? !sort.down : false })}>${t(column.word)}${sort.id === column.id ? html`<${Icon} name=${sort.down ? 'down' : 'up'} size=${14} />` : null}</button>
  </th>`;

export function Fleet() {
  const [query, setQuery] = useState('');
  const [ailing, setAiling] = useState(false);
  const [sort, setSort] = useState({ id: 'state', down: false });
  const column = COLUMNS.find((one) => one.id === sort.id);
  const all = deviceList.value;
  const shown = all
    .filter((device) => (matches(device, query.trim()) || device.store.includes(query.trim())) && (!ailing || isAiling(device)))
    .sort((a, b) => compare(column.sort(a), column.sort(b)) * (sort.down ? -1 : 1));
  return html`
    <${Card} title=${t(common.devices)} flush className="wide-card" side=${html`
      <div class="fleet-tools">
        <label class="check"><input type="checkbox" checked=${ailing} onChange=${(event) => setAiling(event.currentTarget.checked)} /> ${t(words.onlyAiling)}</label>
        <div class="search" data-size="small"><${Icon} name="search" size=${18} />
          <input type="search" aria-label=${t(words.find)} placeholder=${t(words.find)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>
      </div>`}>
      ${shown.length === 0 ? html`<${Empty} icon="device" title=${t(words.noDevices)} />` : html`
        <table class="table fleet-table">
          <thead><tr>${COLUMNS.map((one) => html`<${Head} key=${one.id} column=${one} sort=${sort} onSort=${setSort} />`)}</tr></thead>
          <tbody>${shown.map((device) => html`<${Row} key=${device.id} device=${device} />`)}</tbody>
        </table>`}
    <//>`;
}
