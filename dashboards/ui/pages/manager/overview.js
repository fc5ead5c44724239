/** The store as it is now: figures, live map, what just happened. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { site, devices, deviceList, positions, labels, labelList, changes, madeChanges } from '../../core/store.js';
import { href } from '../../core/route.js';
import { StoreMap } from '../../parts/map/map.js';
import { Card } from '../../parts/bits.js';
import { ChangeCard } from '../../parts/timeline.js';
import { Feed } from './feed.js';
import { MarkNote } from './mark-note.js';
import words from '../../words/manager.js';

const Figure = ({ word, value, of, tone }) => html`
  <div class="figure" data-tone=${tone}><dt>${t(word)}</dt><dd>${value}${of != null && html`<small> / ${of}</small>`}</dd></div>`;

const Figures = () => {
  const carts = deviceList.value.filter((device) => device.kind === 'cart');
  const online = (list) => list.filter((device) => device.online).length;
  const shown = labelList.value.filter((label) => label.state === 'shown').length;
  const failed = labelList.value.some((label) => ['failed', 'service'].includes(label.state));
  const open = changes.value.filter((change) => change.state === 'published').length;
  return html`
    <dl class="figures">
      <${Figure} word=${words.cartsOnline} value=${online(carts)} of=${carts.length} />
      <${Figure} word=${words.labelsShown} value=${shown} of=${labelList.value.length} tone=${failed ? 'bad' : undefined} />
      <${Figure} word=${words.changesOpen} value=${open} tone=${open ? 'busy' : undefined} />
      <${Figure} word=${words.devicesOnline} value=${online(deviceList.value)} of=${deviceList.value.length} tone=${online(deviceList.value) < deviceList.value.length ? 'bad' : undefined} />
    </dl>`;
};

/** Positions with what the registry knows of the device. */
export const movers = () => [...positions.value.values()].map((position) => {
  const device = devices.value.get(position.device);
  return { ...position, id: position.device, name: device?.name || position.device, online: device?.online ?? true };
});

export function Overview() {
  const [selected, setSelected] = useState(null);
  const newest = madeChanges.value[0];
  return html`
    <${Figures} />
    <div class="overview">
      <div class="card map-card" data-flush="true" style=${{ aspectRatio: `${site.value.width_m} / ${site.value.height_m}` }}>
        <${StoreMap} site=${site.value} labels=${labelList.value} movers=${movers()} selected=${selected} onSelect=${setSelected}>
          ${selected && html`<${MarkNote} mark=${selected} labels=${labels.value} devices=${devices.value} positions=${positions.value} onClose=${() => setSelected(null)} />`}
        <//>
      </div>
      <div class="overview-side">
        ${newest && html`
          <section class="newest">
            <header><h2>${t(words.newestChange)}</h2><a href=${href('prices')}>${t(words.seePrices)}</a></header>
            <${ChangeCard} key=${newest.id} change=${newest} />
          </section>`}
        <${Card} title=${t(words.now)} flush><${Feed} /><//>
      </div>
    </div>`;
}
