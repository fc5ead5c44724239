/** What the cart's camera sees: its picture, each code outlined, and why another was not accepted. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get } from '../../core/api.js';
import { Badge } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import words from '../../words/camera.js';

const EVERY_MS = 250;

/** Ask for the view again and again while the page is open and can be seen. */
function useView() {
  const [view, setView] = useState(null);
  useEffect(() => {
    let isOpen = true;
    let timer = 0;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const seen = await get('/api/camera');
          if (isOpen) setView(seen);
        } catch {
          // The page's head line says that the device is away; the next question may be answered.
        }
      }
      if (isOpen) timer = setTimeout(ask, EVERY_MS);
    };
    ask();
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, []);
  return view;
}

const points = (corners) => corners.map((corner) => corner.join(',')).join(' ');

const Outline = ({ corners, state }) => html`
  <g><polygon class="halo" points=${points(corners)} /><polygon data-state=${state} points=${points(corners)} /></g>`;

const Figures = ({ view }) => html`
  <p class="camera-figures">
    <span>${t(words.looked, { ms: Math.round(view.look_ms) })}</span>
    ${view.frame_ms && html`<span>${t(words.rate, { rate: (1000 / view.frame_ms).toFixed(1) })}</span>`}
    ${view.dropped > 0 && html`<span>${t(words.dropped, { count: view.dropped })}</span>`}
  </p>`;

function Seen({ view }) {
  const isEmpty = view.codes.length === 0 && view.doubts.length === 0;
  return html`
    <section class="camera-side" aria-live="polite">
      ${view.repeated > 20 && html`<p class="network" data-tone="busy"><${Icon} name="alert" size=${18} /> ${t(words.same)}</p>`}
      ${isEmpty && html`<div class="camera-empty"><${Icon} name="barcode" size=${40} /><p><b>${t(words.nothing)}</b></p><p>${t(words.nothingNote)}</p></div>`}
      <ul class="camera-list">
        ${view.codes.map((code) => html`<li key=${code.text}><${Badge} tone="ok">${t(words.read)}<//><span class="text">${code.text}</span><small class="muted">${code.format}</small></li>`)}
        ${view.doubts.map((doubt, place) => html`<li key=${place}><${Badge} tone="busy">${t(words.notRead)}<//><span>${t(words[doubt.reason])}</span></li>`)}
      </ul>
      <${Figures} view=${view} />
      <p class="muted"><small>${t(words.stays)}</small></p>
      <a class="button" href="#/"><${Icon} name="back" /> ${t(words.back)}</a>
    </section>`;
}

const Waiting = () => html`
  <section class="camera-side">
    <div class="camera-empty"><${Icon} name="camera" size=${40} /><p><b>${t(words.waiting)}</b></p><p>${t(words.waitingNote)}</p></div>
    <a class="button" href="#/"><${Icon} name="back" /> ${t(words.back)}</a>
  </section>`;

export function Camera() {
  const view = useView();
  if (!view?.frame) return html`<main class="camera-main"><h1 class="visually-hidden">${t(words.camera)}</h1><${Waiting} /></main>`;
  return html`
    <main class="camera-main">
      <h1 class="visually-hidden">${t(words.camera)}</h1>
      <figure class="camera-picture">
        <img src=${`/api/camera.jpg?frame=${view.frame}`} width=${view.width_px} height=${view.height_px} alt=${t(words.picture)} />
        <svg viewBox=${`0 0 ${view.width_px} ${view.height_px}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
          ${view.doubts.map((doubt, place) => html`<${Outline} key=${`doubt ${place}`} corners=${doubt.corners} state="doubt" />`)}
          ${view.codes.map((code) => html`<${Outline} key=${code.text} corners=${code.corners} state="read" />`)}
        </svg>
      </figure>
      <${Seen} view=${view} />
    </main>`;
}
