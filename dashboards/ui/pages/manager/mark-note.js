/** What a mark on the map is: a label with its price, or a device with its place. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { metres } from '../../core/format.js';
import { href } from '../../core/route.js';
import { Badge, Presence, Price, Ago } from '../../parts/bits.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { labelTone } from './labels.js';
import mapWords, { labelStates } from '../../words/map.js';
import common from '../../words/common.js';
import words from '../../words/manager.js';

const LabelNote = ({ label }) => html`
  <div><b>${t(label.name)}</b><p class="muted">${label.id} · <${Badge} tone=${labelTone(label.state)}>${t(labelStates[label.state])}<//></p></div>
  <${Price} minor=${label.price_minor} />
  <a class="button" href=${href('prices', label.gtin)}>${t(words.changeThis)}</a>`;

const DeviceNote = ({ device, position }) => html`
  <div><b><${Icon} name=${kindIcon(device?.kind)} size=${18} /> ${device?.name || position.device}</b>
    <p class="muted">${device && html`<${Presence} online=${device.online} /> · `}<${Ago} ms=${position.at_ms} />${position.sigma_m ? html` · ${t(mapWords.sure, { size: metres(position.sigma_m) })}` : null}</p></div>`;

export function MarkNote({ mark, labels, devices, positions, onClose }) {
  const [kind, id] = [mark.slice(0, mark.indexOf(':')), mark.slice(mark.indexOf(':') + 1)];
  const body = kind === 'label'
    ? labels.has(id) && html`<${LabelNote} label=${labels.get(id)} />`
    : positions.has(id) && html`<${DeviceNote} device=${devices.get(id)} position=${positions.get(id)} />`;
  return body && html`
    <div class="map-note map-over" role="status">
      ${body}
      <button class="icon-button" aria-label=${t(common.close)} onClick=${onClose}><${Icon} name="close" size=${18} /></button>
    </div>`;
}
