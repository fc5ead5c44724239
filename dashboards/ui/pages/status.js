/** The small page of any other device: is it well, whom does it reach, what does it hold. */
import { html, start } from '../core/html.js';
import { t } from '../core/i18n.js';
import { now } from '../core/clock.js';
import { countdown, metres, number } from '../core/format.js';
import { AgentPage } from '../parts/agent-page.js';
import { Badge, Card } from '../parts/bits.js';
import { Icon, kindIcon } from '../parts/icon.js';
import { Connection, LanguageSwitch, Mark } from '../parts/shell.js';
import { Till } from './status/till.js';
import { Health } from './tech/health.js';
import common from '../words/common.js';
import words from '../words/edge.js';

const Reach = ({ word, ok }) => html`<div><dt>${t(word)}</dt><dd><${Badge} tone=${ok ? 'ok' : 'bad'} icon=${ok ? 'check' : 'alert'}>${t(ok ? words.reached : words.notReached)}<//></dd></div>`;

const SEEN = { nobody: words.seesNobody, far: words.seesFar, near: words.seesNear };

const Facts = ({ state }) => html`
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

start(() => html`
  <${AgentPage} title=${common.status} name="status">${(state) => html`
    <header class="top"><${Mark} /><b>Aisle</b><span class="top-fill"></span><${Connection} /><${LanguageSwitch} /></header>
    <main>
      <div class="device-head"><span class="device-icon"><${Icon} name=${kindIcon(state.kind)} size=${28} /></span><div><h1>${state.name || state.device}</h1><p class="muted">${t(state.kind_name) || state.kind}</p></div></div>
      ${state.kind === 'till' && html`<${Till} state=${state} />`}
      <${Card} title=${t(words.deviceState)}><${Facts} state=${state} /><//>
      ${state.health && html`<${Card} title=${t(words.health)}><${Health} health=${state.health} /><//>`}
    </main>`}<//>`);
