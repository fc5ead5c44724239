/** What any device says of itself: its name, whom it reaches, what it holds. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';
import { now } from '../core/clock.js';
import { countdown, metres, number } from '../core/format.js';
import { Badge } from './bits.js';
import { Icon, kindIcon } from './icon.js';
import common from '../words/common.js';
import words from '../words/edge.js';

const Reach = ({ word, ok }) => html`<div><dt>${t(word)}</dt><dd><${Badge} tone=${ok ? 'ok' : 'bad'} icon=${ok ? 'check' : 'alert'}>${t(ok ? words.reached : words.notReached)}<//></dd></div>`;

const SEEN = { nobody: words.seesNobody, far: words.seesFar, near: words.seesNear };

export const DeviceFacts = ({ state }) => html`
  <dl class="pairs">
    <${Reach} word=${words.cloud} ok=${state.online} />
    <${Reach} word=${words.gateway} ok=${state.local_online} />
    ${state.book && html`<div><dt>${t(words.book)}</dt><dd>${t(words.bookVersion, { version: number(state.book.version) })}</dd></div>`}
    ${state.lease && html`<div><dt>${t(words.lease)}</dt><dd>${state.lease.holds ? t(words.leaseHeld, { left: countdown(state.lease.expires_ms - now.value) }) : t(words.leaseNone)}</dd></div>`}
    ${state.position && html`<div><dt>${t(words.position)}</dt><dd>${metres(state.position.x_m)} · ${metres(state.position.y_m)}</dd></div>`}
    ${state.audience && html`<div><dt>${t(words.audience)}</dt><dd>${t(state.audience.sees ? SEEN[state.audience.near] : words.blind)}</dd></div>`}
    ${state.withheld > 0 && html`<div><dt>${t(words.withheld)}</dt><dd>${number(state.withheld)}</dd></div>`}
    <div><dt>ID</dt><dd><code>${state.device}</code></dd></div>
    <div><dt>${t(common.store)}</dt><dd>${t(state.site?.name) || state.store}</dd></div>
  </dl>`;

export const DeviceHead = ({ state }) => html`
  <div class="device-head"><span class="device-icon"><${Icon} name=${kindIcon(state.kind)} size=${28} /></span><div><h1>${state.name || state.device}</h1><p class="muted">${t(state.kind_name) || state.kind}</p></div></div>`;
