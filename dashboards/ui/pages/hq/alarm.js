/** Says which devices are offline, above everything else. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { deviceList } from '../../core/store.js';
import { href } from '../../core/route.js';
import { Icon } from '../../parts/icon.js';
import words from '../../words/hq.js';

const MOST = 6;
const nameOf = (device) => device.name || device.id;

export function Alarm() {
  const offline = deviceList.value.filter((device) => !device.online);
  if (offline.length === 0) return null;
  return html`
    <p class="alarm" role="alert"><${Icon} name="alert" />
      ${offline.length > 1 && html`<b>${t(words.alarm, { count: offline.length })}</b>`}
      ${offline.slice(0, MOST).map((device) => html`<a key=${device.id} href=${href('fleet', device.id)}>${offline.length > 1 ? nameOf(device) : t(words.alarmOne, { name: nameOf(device) })}</a>`)}
    </p>`;
}
