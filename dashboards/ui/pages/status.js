/** The small page of any other device: is it well, whom does it reach, what does it hold. */
import { html, start } from '../core/html.js';
import { t } from '../core/i18n.js';
import { AgentPage } from '../parts/agent-page.js';
import { Card } from '../parts/bits.js';
import { DeviceFacts, DeviceHead } from '../parts/device-facts.js';
import { Connection, LanguageSwitch, Mark } from '../parts/shell.js';
import { Till } from './status/till.js';
import { Health } from './tech/health.js';
import common from '../words/common.js';
import words from '../words/edge.js';

start(() => html`
  <${AgentPage} title=${common.status} name="status">${(state) => html`
    <header class="top"><${Mark} /><b>Aisle</b><span class="top-fill"></span><${Connection} /><${LanguageSwitch} /></header>
    <main>
      <${DeviceHead} state=${state} />
      ${state.kind === 'till' && html`<${Till} state=${state} />`}
      <${Card} title=${t(words.deviceState)}><${DeviceFacts} state=${state} /><//>
      ${state.health && html`<${Card} title=${t(words.health)}><${Health} health=${state.health} /><//>`}
    </main>`}<//>`);
