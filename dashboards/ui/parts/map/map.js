/** The store map. Draws a site, labels, movers and pins; says what was tapped. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { useView } from './view.js';
import { Ground } from './ground.js';
import { LabelMark, MoverMark, Pin } from './marks.js';
import { Legend } from './legend.js';
import { Heat, Wanted, Way } from './heat.js';
import { Icon } from '../icon.js';
import { Empty } from '../states.js';
import words from '../../words/map.js';

/**
 * @param {{
 *   site: object|null, labels?: object[], movers?: object[], pins?: object[], selected?: string,
 *   onSelect?: (mark: string|null) => void, onTap?: (at: {x_m: number, y_m: number}) => void,
 *   legend?: boolean, children?: any,
 *   heat?: object|null, way?: object|null, beaconStates?: object[], showBeacons?: boolean,
 * }} props `selected` and `onSelect` speak of marks as 'label:ID' or 'device:ID'; `onTap` hears taps on the floor.
 */
export const StoreMap = (props) => (props.site ? html`<${Drawn} ...${props} />` : html`
  <div class="map"><${Empty} icon="map" title=${t(words.noMap)} note=${t(words.noMapNote)} /></div>`);

const rem = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

function Drawn({ site, labels = [], movers = [], pins = [], selected, onSelect, onTap, legend = true, heat, way, beaconStates = [], showBeacons = false, children }) {
  const [layers, setLayers] = useState({ labels: true, zones: true, beacons: showBeacons });
  const { frame, view, size, zoom, reset, onKeyDown, isOwn, dragging, ready } = useView(site, ({ x_m, y_m, target }) => {
    const mark = target.closest?.('[data-mark]')?.dataset.mark ?? null;
    if (onSelect) onSelect(mark);
    if (!mark || !onSelect) onTap?.({ x_m, y_m });
  });
  const flip = (y_m) => site.height_m - y_m;
  const { scale } = view;
  // Marks grow with the page's type: a kiosk is read from two metres.
  const grain = rem() / 16 / scale;
  const shownLabels = layers.labels ? labels.filter((label) => label.x_m != null) : [];
  return html`
    <div class="map" data-own=${isOwn} data-dragging=${dragging} ref=${frame} tabindex="0" role="group"
      aria-label=${`${t(words.map)}. ${t(words.how)}`} onKeyDown=${onKeyDown}>
      <svg width=${size.width} height=${size.height} aria-hidden="true">
        ${ready && html`<g transform=${`translate(${view.x} ${view.y}) scale(${scale})`}>
          <${Ground} site=${site} grain=${grain} flip=${flip} zones=${layers.zones} beacons=${layers.beacons} states=${beaconStates}>
            ${heat && html`<${Heat} level=${heat} flip=${flip} />`}
          <//>
          ${way && html`<${Way} survey=${way} flip=${flip} grain=${grain} />`}
          ${heat?.add && html`<${Wanted} place=${heat.add} flip=${flip} grain=${grain} />`}
          ${shownLabels.map((label) => html`<${LabelMark} key=${label.id} label=${label} flip=${flip} grain=${grain} selected=${selected === `label:${label.id}`} />`)}
          ${pins.map((pin) => html`<${Pin} key=${`${pin.x_m} ${pin.y_m}`} pin=${pin} flip=${flip} grain=${grain} />`)}
          ${movers.map((mover) => html`<${MoverMark} key=${mover.id} mover=${mover} flip=${flip} grain=${grain} selected=${selected === `device:${mover.id}`} />`)}
        </g>`}
      </svg>
      <div class="map-buttons map-over">
        <button class="icon-button" aria-label=${t(words.zoomIn)} title=${t(words.zoomIn)} onClick=${() => zoom(1.6)}><${Icon} name="plus" /></button>
        <button class="icon-button" aria-label=${t(words.zoomOut)} title=${t(words.zoomOut)} onClick=${() => zoom(1 / 1.6)}><${Icon} name="minus" /></button>
        <button class="icon-button" aria-label=${t(words.fit)} title=${t(words.fit)} disabled=${!isOwn} onClick=${reset}><${Icon} name="fit" /></button>
      </div>
      ${legend && html`<${Legend} layers=${layers} hasLabels=${labels.length > 0} onLayer=${(name, on) => setLayers({ ...layers, [name]: on })} />`}
      ${children}
    </div>`;
}
