/** What lives on the map: labels by state, carts with their uncertainty, pins. Sizes in px
 * (times `grain`, metres per such px), places in metres. */
import { html } from '../../core/html.js';

/** A shape for each label state, so that colour is never the only sign. */
const SHAPES = {
  shown: () => html`<rect x="-4" y="-4" width="8" height="8" rx="1.5" />`,
  armed: () => html`<path d="M0-5.5 5.2 4H-5.2Z" />`,
  pending: () => html`<path d="M0-5.8 5.8 0 0 5.8-5.8 0Z" />`,
  failed: () => html`<path class="cross" d="M-4-4 4 4M4-4-4 4" />`,
  unknown: () => html`<circle class="hollow" r="4" />`,
};

export const LabelShape = ({ state }) => (SHAPES[state] ?? SHAPES.unknown)();

export const LabelMark = ({ label, flip, grain, selected }) => html`
  <g class="map-label" data-state=${label.state} data-mark=${`label:${label.id}`} data-selected=${selected}
    transform=${`translate(${label.x_m} ${flip(label.y_m)}) scale(${grain})`}>
    <circle class="hit" r="13" />
    ${selected && html`<circle class="halo" r="11" />`}
    <${LabelShape} state=${label.state} />
  </g>`;

/** A thing that moves: the browser glides it from fix to fix (CSS transition on its transform). */
export const MoverMark = ({ mover, flip, grain, selected }) => html`
  <g class="map-mover" data-online=${mover.online !== false} data-me=${mover.me === true} data-mark=${`device:${mover.id}`}
    style=${{ transform: `translate(${mover.x_m}px, ${flip(mover.y_m)}px)` }}>
    ${mover.sigma_m > 0 && html`<circle class="sigma" r=${mover.sigma_m} />`}
    <g transform=${`scale(${grain})`}>
      <circle class="hit" r="18" />
      ${selected && html`<circle class="halo" r="15" />`}
      ${mover.me && html`<circle class="pulse" r="9" />`}
      <circle class="dot" r=${mover.me ? 9 : 7} />
      ${mover.name && html`<text class="mover-name" y="22" text-anchor="middle">${mover.name}</text>`}
    </g>
  </g>`;

/** A place to go to. */
export const Pin = ({ pin, flip, grain }) => html`
  <g class="map-pin" transform=${`translate(${pin.x_m} ${flip(pin.y_m)}) scale(${grain})`}>
    <path d="M0 0C-4-9-12-14-12-23a12 12 0 0 1 24 0C12-14 4-9 0 0Z" /><circle cy="-23" r="4.5" />
  </g>`;
