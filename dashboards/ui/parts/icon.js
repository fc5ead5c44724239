/** Line icons, 24 × 24, drawn by us; decoration only, so hidden from assistive technology. */
import { html } from '../core/html.js';

const PATHS = {
  map: 'M9 4 3 6.5v13.5l6-2.5 6 2.5 6-2.5V4l-6 2.5L9 4Zm0 0v13.5m6-11v13.5',
  tag: 'M3 12V4h8l10 10-8 8L3 12Zm4.5-3.5h.01',
  bulb: 'M9.5 21h5m-6-4h7c0-3 3-4.500 3-8a6.500 6.500 0 0 0-13 0c0 3.500 3 5 3 8Z',
  label: 'M3 6h18v12H3zM6.5 10h6m-6 4h3m6-4v4',
  sound: 'M4 9.5v5h3.5L12 19V5L7.5 9.5H4Zm12-1a5 5 0 0 1 0 7m2.5-9.5a8.5 8.5 0 0 1 0 12',
  gift: 'M4 11h16v9H4zM3 7h18v4H3zm9 0v13M12 7S7.5 7 7.5 4.5 11 3 12 7Zm0 0s4.5 0 4.5-2.5S13 3 12 7Z',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.700-1.800L20.5 20.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17.5 19.5 7',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
  alert: 'M12 4 2.5 20h19L12 4Zm0 6v4.5m0 2.700v.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5.5m0-9v.01',
  camera: 'M3 8h4l2-3h6l2 3h4v12H3zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
  cart: 'M2.5 4H5l2.5 11h10L20 7H6M9 20h.01M16.5 20h.01',
  till: 'M4 13h16v7H4zM6 13V9h12v4M9 9V5h8v4M8 16.5h8',
  gateway: 'M4 14h16v6H4zm3.5 3h.01M11 17h.01M12 14v-3M8 8.5a5.5 5.5 0 0 1 8 0M5.5 6a9 9 0 0 1 13 0',
  speaker: 'M6 3h12v18H6zM12 18a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm0-11.5v.01',
  broadcast: 'M12 12v9m-4 0h8M12 12v.01M8.5 15.5a5 5 0 0 1 0-7m7 0a5 5 0 0 1 0 7M5.5 18a9 9 0 0 1 0-12m13 0a9 9 0 0 1 0 12',
  screen: 'M3 4h18v12H3zm5.5 17h7M12 16v5',
  sensor: 'M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0-12v3m0 12v3M3 12h3m12 0h3',
  device: 'M5 4h14v16H5zm4 4h6v4H9z',
  play: 'M7 4.5v15l12-7.5-12-7.5Z',
  stop: 'M6 6h12v12H6z',
  upload: 'M12 16V4m-5 5 5-5 5 5M4 16v4h16v-4',
  trash: 'M4 7h16M9 7V4h6v3m-9 0 1 13h10l1-13m-8 4v5m4-5v5',
  undo: 'M8 5 3.5 9.5 8 14M4 9.5h10a5.5 5.5 0 0 1 0 11H9',
  copy: 'M8 8h12v12H8zM16 8V4H4v12h4',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9a8 8 0 0 1 16 0',
  out: 'M14 4H5v16h9m-4-8h11m-4-4 4 4-4 4',
  back: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  down: 'M5 9l7 7 7-7',
  up: 'M5 15l7-7 7 7',
  lower: 'M12 3v12m-5-5 5 5 5-5M4 20h16',
  raise: 'M12 17V5M7 10l5-5 5 5M4 20h16',
  hand: 'M8 12V5.5a1.5 1.5 0 0 1 3 0V11m0-1V4.5a1.5 1.5 0 0 1 3 0V11m0-.5V6.5a1.5 1.5 0 0 1 3 0V14c0 4-2.5 7-6 7-3 0-4.5-1.5-6-4.5l-2-3.5c-.8-1.5 1-2.5 2-1.200L8 14',
  locate: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-14v4m0 12v4M2 12h4m12 0h4',
  download: 'M12 4v12m-5-5 5 5 5-5M4 20h16',
  layers: 'M12 3 3 8l9 5 9-5-9-5Zm-9 9 9 5 9-5M3 16l9 5 9-5',
  percent: 'M19 5 5 19M7.5 9a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Zm9 9a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z',
  history: 'M3.5 12a8.5 8.5 0 1 0 2.500-6M3.500 4v4.500H8M12 7.500V12l3 2',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5m11-5v5h-5',
  beacon: 'M12 13v8m0-8a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM8 15.5a5.5 5.5 0 0 1 0-8m8 0a5.5 5.5 0 0 1 0 8',
  power: 'M12 3v8M7 6.5a8 8 0 1 0 10 0',
  edit: 'M4 20h4L19.5 8.5l-4-4L4 16v4Zm9-13 4 4',
  calendar: 'M4 6h16v14H4zM4 10.5h16M8.5 3.5V7m7-3.5V7',
  shield: 'M12 3 4 6v6c0 4.5 3.5 7.5 8 9 4.5-1.5 8-4.5 8-9V6l-8-3Z',
  mail: 'M4 6h16v13H4zm0 1 8 6.5L20 7',
  pulse: 'M2.5 12H7l2.5-7 5 14L17 12h4.5',
  list: 'M8.5 6H21M8.5 12H21M8.5 18H21M4 6h.01M4 12h.01M4 18h.01',
  barcode: 'M4 6v12M7 6v12m3-12v12m4-12v12m2.5-12v12M20 6v12',
  wifi: 'M12 19v.01M8.5 15.5a5 5 0 0 1 7 0M5.5 12a9.5 9.5 0 0 1 13 0M2.5 8.5a14 14 0 0 1 19 0',
  backspace: 'M9 5h12v14H9l-6-7 6-7Zm3.5 4.5 5 5m0-5-5 5',
};

/** @param {{name: string, size?: number}} props */
export const Icon = ({ name, size = 20 }) => html`
  <svg class="icon" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true" focusable="false"
    fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">
    <path d=${PATHS[name] ?? PATHS.device} />
  </svg>`;

/** The icon of a device kind. */
export const kindIcon = (kind) => (PATHS[kind] ? kind : 'device');
