/** One device: health, faults, what it reports, commands, service. Also used by HQ. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, patch, path } from '../../core/api.js';
import { devices, onEvent } from '../../core/store.js';
import { useLoad } from '../../core/load.js';
import { when, number } from '../../core/format.js';
import { Badge, Card, Presence, Switch, Ago } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Score } from '../../parts/score.js';
import { toast, complain } from '../../parts/toast.js';
import { Health } from './health.js';
import { Commands } from './commands.js';
import { Readings } from '../../parts/readings.js';
import common from '../../words/common.js';
import words from '../../words/tech.js';

const HAS_VOLUME = ['speaker', 'broadcast'];

const Facts = ({ device }) => html`
  <dl class="pairs">
    <div><dt>${t(common.kind)}</dt><dd>${t(device.kind_name)}</dd></div>
    <div><dt>ID</dt><dd><code>${device.id}</code></dd></div>
    <div><dt>${t(words.lastSeen)}</dt><dd><${Ago} ms=${device.last_seen_ms} /></dd></div>
    <div><dt>${t(words.enrolled)}</dt><dd>${device.enrolled_ms ? when(device.enrolled_ms) : '—'}</dd></div>
    <div><dt>${t(words.agent)}</dt><dd>${device.agent_version || '—'}</dd></div>
    ${device.book_version != null && html`<div><dt>${t(words.book)}</dt><dd>${device.book_version}</dd></div>`}
    <div><dt>${t(words.events)}</dt><dd>${number(device.events)}</dd></div>
  </dl>`;

const Faults = ({ faults }) => (faults.length === 0
  ? html`<p class="all-well"><${Icon} name="check" size=${18} /> ${t(words.noFaults)}</p>`
  : html`<ul class="fault-list">${faults.map((fault) => html`<li key=${fault.fault}><${Icon} name="alert" size=${18} /><span><b>${fault.fault}</b> ${fault.detail}<small><${Ago} ms=${fault.since_ms} /></small></span></li>`)}</ul>`);

const Reported = ({ reported }) => html`
  <table class="table" data-size="small">
    <thead><tr><th scope="col">${t(words.matter)}</th><th scope="col" class="num">${t(words.version)}</th><th scope="col">${t(words.applied)}</th><th scope="col">${t(common.time)}</th></tr></thead>
    <tbody>${Object.entries(reported).map(([matter, state]) => html`
      <tr key=${matter}><th scope="row">${matter}</th><td class="num">${state.version}</td>
        <td><${Badge} tone=${state.applied ? 'ok' : 'bad'} icon=${state.applied ? 'check' : 'alert'}>${t(state.applied ? words.applied : words.notApplied)}<//>${state.detail && html`<small>${state.detail}</small>`}</td>
        <td><${Ago} ms=${state.at_ms} /></td></tr>`)}</tbody>
  </table>`;

/** Service and volume: what a tech may set. */
function Settings({ device, onSaved }) {
  const [leaving, setLeaving] = useState(false);
  const set = async (values) => {
    await patch(path(['api', 'devices', device.id]), values);
    toast(t(words.saved));
    onSaved();
  };
  const onService = (on) => (on ? set({ in_service: true }).catch(complain) : setLeaving(true));
  return html`
    <div class="settings">
      <${Switch} label=${t(device.in_service ? words.inService : words.outOfService)} checked=${device.in_service} onChange=${onService} />
      ${device.kind === 'till' && html`<p class="muted">${t(words.tillNote)}</p>`}
      ${HAS_VOLUME.includes(device.kind) && html`
        <label class="volume"><span>${t(words.volume)}</span>
          <input type="range" min="-40" max="0" step="1" defaultValue=${device.volume_db ?? -6} aria-valuetext=${`${device.volume_db ?? -6} dB`}
            onChange=${(event) => set({ volume_db: Number(event.currentTarget.value) }).catch(complain)} /></label>`}
    </div>
    ${leaving && html`<${Confirm} title=${t(words.sureOut, { name: device.name || device.id })} note=${device.kind === 'till' ? t(words.tillNote) : ''} action=${t(words.outOfService)}
      onDo=${() => set({ in_service: false })} onClose=${() => setLeaving(false)} />`}`;
}

function Detail({ device, reload }) {
  return html`
    <header class="device-head">
      <span class="device-icon"><${Icon} name=${kindIcon(device.kind)} size=${28} /></span>
      <div><h2>${device.name || device.id}</h2><p class="muted"><${Presence} online=${device.online} /> <${Ago} ms=${device.since_ms} /></p></div>
      <${Score} value=${device.score} />
    </header>
    <div class="device-grid">
      <${Card} title=${t(words.health)}>${device.health ? html`<${Health} health=${device.health} />` : html`<${Empty} icon="pulse" title=${t(words.noHealth)} />`}<//>
      <${Card} title=${t(words.commands)}><${Commands} device=${device} onSent=${reload} /><//>
      <${Card} title=${t(words.faults)}><${Faults} faults=${device.faults} /><${Settings} device=${device} onSaved=${reload} /><//>
      <${Card} title=${t(words.reported)} flush>${Object.keys(device.reported ?? {}).length ? html`<${Reported} reported=${device.reported} />` : html`<${Empty} title=${t(common.none)} />`}<//>
      <${Card} title=${t(words.readings)}><${Readings} id=${device.id} /><//>
      <${Card} title=${t(common.details)}><${Facts} device=${device} /><//>
    </div>`;
}

export function DevicePage({ id, back = '#/devices' }) {
  const load = useLoad(() => get(path(['api', 'devices', id])), [id]);
  useEffect(() => onEvent('device', (device) => device.id === id && load.reload()), [id, load.reload]);
  useEffect(() => onEvent('command', (command) => command.device === id && load.reload()), [id, load.reload]);
  // The stream's copy is the fresher one; reported matters and commands come with the detail only.
  const live = devices.value.get(id);
  return html`
    <a class="back-link" href=${back}><${Icon} name="back" size=${18} /> ${t(common.devices)}</a>
    <${Loaded} load=${load} rows=${6}>${(device) => html`<${Detail} device=${{ ...device, ...live }} reload=${load.reload} />`}<//>`;
}
