/** Headquarters: the fleet, the models that devices look with, security events, dead letters. */
import { html, start } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get } from '../core/api.js';
import { route } from '../core/route.js';
import { useLoad, useEvery } from '../core/load.js';
import { Shell } from '../parts/shell.js';
import { StorePage } from '../parts/store-page.js';
import { Empty } from '../parts/states.js';
import { Alarm } from './hq/alarm.js';
import { Fleet } from './hq/fleet.js';
import { Overdue } from './hq/overdue.js';
import { FleetFigures } from './hq/figures.js';
import { Models } from './hq/models.js';
import { Security } from './hq/security.js';
import { DeadLetters } from './hq/dead-letters.js';
import { DevicePage } from './tech/device.js';
import common from '../words/common.js';
import models from '../words/models.js';
import words from '../words/hq.js';

const FLEET_EVERY_MS = 2000;

function part([name = 'fleet', id], fleet) {
  if (name === 'fleet') return id ? html`<${DevicePage} key=${id} id=${id} back="#/fleet" />` : html`<${Alarm} /><${FleetFigures} load=${fleet} /><${Overdue} /><${Fleet} />`;
  if (name === 'models') return html`<${Models} />`;
  if (name === 'security') return html`<${Security} />`;
  if (name === 'dead-letters') return html`<${DeadLetters} />`;
  return html`<${Empty} title=${t(common.notHere)} />`;
}

function Body() {
  const fleet = useLoad(() => get('/api/fleet'), []);
  useEvery(FLEET_EVERY_MS, fleet.reload);
  return html`
    ${part(route.value, fleet)}`;
}

const Hq = () => html`
  <${Shell} title=${common.hq} sections=${[
    { id: 'fleet', word: words.fleet, icon: 'pulse' },
    { id: 'models', word: models.models, icon: 'camera' },
    { id: 'security', word: words.security, icon: 'shield' },
    { id: 'dead-letters', word: words.deadLetters, icon: 'mail' },
  ]} roles=${['hq']}>
    <${StorePage}><${Body} /><//>
  <//>`;

start(Hq);
