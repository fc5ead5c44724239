/** The field tech's page: enrol devices, pair labels, check and mend both. */
import { html, start } from '../core/html.js';
import { t } from '../core/i18n.js';
import { route } from '../core/route.js';
import { deviceList } from '../core/store.js';
import { Shell } from '../parts/shell.js';
import { StorePage } from '../parts/store-page.js';
import { Empty } from '../parts/states.js';
import { Pairing } from './tech/pairing.js';
import { Enrol } from './tech/enrol.js';
import { Devices } from './tech/devices.js';
import { DevicePage } from './tech/device.js';
import { Positioning } from './tech/positioning.js';
import common from '../words/common.js';
import words from '../words/tech.js';
import survey from '../words/survey.js';

function part([name = 'enrol', id]) {
  if (name === 'enrol') return html`<${Enrol} />`;
  if (name === 'labels') return html`<${Pairing} />`;
  if (name === 'positioning') return html`<${Positioning} />`;
  if (name === 'devices') return id ? html`<${DevicePage} key=${id} id=${id} />` : html`<${Devices} />`;
  return html`<${Empty} title=${t(common.notHere)} />`;
}

const isAiling = (device) => !device.online || device.faults.length > 0;

const Tech = () => html`
  <${Shell} title=${common.tech} sections=${[
    { id: 'enrol', word: words.enrol, icon: 'plus' },
    { id: 'labels', word: words.labels, icon: 'label' },
    { id: 'positioning', word: survey.positioning, icon: 'beacon' },
    { id: 'devices', word: words.devices, icon: 'list', count: deviceList.value.filter(isAiling).length },
  ]} roles=${['tech', 'hq']}>
    <${StorePage}>${part(route.value)}<//>
  <//>`;

start(Tech);
