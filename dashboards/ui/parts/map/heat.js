/** How well carts will know where they are, spot by spot; and the way of a survey. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import words from '../../words/survey.js';

/** Below so many metres, a spot has this band's colour. */
export const BANDS = [1, 1.5, 2, 3, Infinity];

const band = (metres) => BANDS.findIndex((most) => metres < most);

/** @param {{level: {apart_m: number, spots: [number, number, number, number, boolean][]}, flip: (y: number) => number}} props */
export const Heat = ({ level, flip }) => html`
  <g class="map-heat">
    ${level.spots.map(([x, y, p75, , surveyed]) => html`
      <rect key=${`${x} ${y}`} data-band=${band(p75)} data-surveyed=${surveyed} x=${x - level.apart_m / 2} y=${flip(y) - level.apart_m / 2} width=${level.apart_m} height=${level.apart_m} />`)}
  </g>`;

export const Way = ({ survey, flip, grain }) => html`
  <g class="map-way">
    ${survey.legs.map(({ leg, from, to }) => html`<line key=${leg} x1=${from[0]} y1=${flip(from[1])} x2=${to[0]} y2=${flip(to[1])} />`)}
    ${survey.at && html`<g transform=${`translate(${survey.at.x_m} ${flip(survey.at.y_m)}) scale(${grain})`}><circle r="8" /><circle class="core" r="3" /></g>`}
  </g>`;

/** Where one more beacon would help most. */
export const Wanted = ({ place, flip, grain }) => html`
  <g class="map-wanted" transform=${`translate(${place.x_m} ${flip(place.y_m)}) scale(${grain})`}><circle r="10" /><path d="M-5 0H5M0-5V5" /></g>`;

export const HeatLegend = () => html`
  <ul class="heat-legend" aria-label=${t(words.heat)}>
    ${BANDS.map((most, number) => html`<li key=${number}><i data-band=${number} aria-hidden="true"></i>${Number.isFinite(most) ? `< ${most} m` : t(words.more)}</li>`)}
  </ul>`;
