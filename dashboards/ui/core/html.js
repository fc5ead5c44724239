/** Preact, htm and signals under one roof; every component imports from here. */
import { h, render, Fragment, createRef } from '/lib/preact.js';
import htm from '/lib/htm.js';

export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useId } from '/lib/preact-hooks.js';
export { signal, computed, effect, batch, useSignal, useComputed } from '/lib/preact-signals.js';
export { render, Fragment, createRef };

export const html = htm.bind(h);

/** Join class names, leaving out what is false. @param {...(string|false|null|undefined)} names */
export const classes = (...names) => names.filter(Boolean).join(' ');

/** Draw a page into the document. @param {Function} Page */
export function start(Page) {
  render(html`<${Page} />`, document.getElementById('app'));
}
