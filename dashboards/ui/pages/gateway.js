/** The store gateway's page: staff photograph bays here, since photos never leave the store; and how the gateway is. */
import { html, start } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get, sentence } from '../core/api.js';
import { pass, passHeaders } from '../core/pass.js';
import { route } from '../core/route.js';
import { useLoad } from '../core/load.js';
import { AgentPage } from '../parts/agent-page.js';
import { Card } from '../parts/bits.js';
import { DeviceFacts, DeviceHead } from '../parts/device-facts.js';
import { Icon } from '../parts/icon.js';
import { Connection, LanguageSwitch, Mark } from '../parts/shell.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { Bay } from './gateway/bay.js';
import { BayList } from './gateway/bay-list.js';
import { Teach } from './gateway/teach.js';
import { Health } from './tech/health.js';
import common from '../words/common.js';
import edge from '../words/edge.js';
import words from '../words/shelves.js';

const Status = ({ state }) => html`
  <${DeviceHead} state=${state} />
  <${Card} title=${t(edge.deviceState)}><${DeviceFacts} state=${state} /><//>
  ${state.health && html`<${Card} title=${t(edge.health)}><${Health} health=${state.health} /><//>`}`;

const NoPass = ({ error, state }) => html`
  <${Card}><${Empty} icon="shield" title=${t(words.noPass)} note=${error ? sentence(error) : t(words.noPassNote)} /><//>
  <${Status} state=${state} />`;

/** A refusal of the pass itself, not of what was asked. */
const isRefused = (error) => error && [401, 403].includes(error.status);

function Shelves({ state }) {
  const load = useLoad(() => get('/api/bays', passHeaders()), [pass.value]);
  if (isRefused(load.error)) return html`<${NoPass} error=${load.error} state=${state} />`;
  if (!load.data) return load.error ? html`<${Failed} error=${load.error} onRetry=${load.reload} />` : html`<${Loading} rows=${4} />`;
  if (route.value[0] === 'items') return html`<${Teach} gtin=${route.value[1]} />`;
  const bay = load.data.bays.find((one) => one.id === route.value[1]);
  return bay
    ? html`<${Bay} key=${bay.id} bay=${bay} onChange=${load.reload} />`
    : html`<${BayList} who=${load.data.who} bays=${load.data.bays} />`;
}

start(() => html`
  <${AgentPage} title=${common.gateway} name="status shelf-photos">${(state) => html`
    <header class="top"><${Mark} /><b>Aisle</b><span class="page-name">${t(state.site?.name) || state.store}</span><span class="top-fill"></span><${Connection} /><${LanguageSwitch} /></header>
    <main>
      ${route.value[0] === 'state' ? html`<a class="back-link" href="#/"><${Icon} name="back" size=${18} /> ${t(words.back)}</a><${Status} state=${state} />`
        : pass.value ? html`<${Shelves} state=${state} />` : html`<h1 class="visually-hidden">${t(common.gateway)}</h1><${NoPass} state=${state} />`}
    </main>`}<//>`);
