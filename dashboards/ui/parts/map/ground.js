/** What does not move: floor, zones, shelves, beacons. Metres, y up in the plan and down on the glass. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';

const bounds = (polygon) => {
  const xs = polygon.map((point) => point.x_m);
  const ys = polygon.map((point) => point.y_m);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.max(...ys) };
};

const NAME_PX = 12;
/** A guess at the width of a name, px: CJK characters are square, Latin ones about half. */
const namePx = (text) => [...text].reduce((sum, letter) => sum + (letter > '⺀' ? 1 : 0.58), 0) * NAME_PX + 10;

const Zone = ({ zone, index, flip }) => html`
  <polygon class="map-zone" data-tint=${index % 4} points=${zone.polygon.map((point) => `${point.x_m},${flip(point.y_m)}`).join(' ')} />`;

/** The zone's name along its upper edge, where aisles begin: in the middle it would hide behind shelves. */
const ZoneName = ({ zone, flip, grain }) => {
  const { left, right, top } = bounds(zone.polygon);
  const name = t(zone.name);
  if (right - left < namePx(name) * grain) return null;
  return html`
    <g class="map-zone-name" transform=${`translate(${(left + right) / 2} ${flip(top)}) scale(${grain})`}>
      <text y=${NAME_PX} text-anchor="middle" dominant-baseline="central">${name}</text>
    </g>`;
};

const Shelf = ({ shelf, flip }) => html`
  <rect class="map-shelf" x=${shelf.x_m} y=${flip(shelf.y_m + shelf.depth_m)} width=${shelf.width_m} height=${shelf.depth_m} rx="0.12" />`;

const Beacon = ({ beacon, state, flip, grain }) => html`
  <g class="map-beacon" data-state=${state} transform=${`translate(${beacon.x_m} ${flip(beacon.y_m)}) scale(${grain})`}>
    <circle r="3" /><circle class="wave" r="7" /><title>${beacon.id}</title>
  </g>`;

export const Ground = ({ site, grain, flip, zones, beacons, states = [], children }) => html`
  <g>
    <rect class="map-floor" width=${site.width_m} height=${site.height_m} rx="0.3" />
    ${zones && site.zones.map((zone, index) => html`<${Zone} key=${zone.id} zone=${zone} index=${index} flip=${flip} />`)}
    ${children}
    ${site.shelves.map((shelf) => html`<${Shelf} key=${shelf.id} shelf=${shelf} flip=${flip} />`)}
    ${zones && site.zones.map((zone) => html`<${ZoneName} key=${zone.id} zone=${zone} flip=${flip} grain=${grain} />`)}
    ${beacons && site.beacons.map((beacon) => html`<${Beacon} key=${beacon.id} beacon=${beacon} state=${states.find((one) => one.id === beacon.id)?.state} flip=${flip} grain=${grain} />`)}
  </g>`;
