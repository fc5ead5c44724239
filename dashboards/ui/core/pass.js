/** The pass with which staff speak to a gateway: it comes in the address after `#`, and is kept while the tab is open. */
import { signal } from './html.js';

const KEY = 'aisle.pass';

function arrived() {
  const said = new URLSearchParams(location.hash.slice(1));
  if (said.has('pass')) {
    const back = said.get('back') ?? '';
    const kept = { pass: said.get('pass'), back: /^https?:/.test(back) ? back : '' };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
    // The pass must not stay in the address, where it would be shared along.
    location.replace(said.get('to') === 'items' ? '#/items' : `#/bays/${encodeURIComponent(said.get('bay') ?? '')}`);
    return kept;
  }
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? null;
  } catch {
    return null;
  }
}

/** null, or {pass, back}: the pass, and the address of the task list. */
export const pass = signal(arrived());

addEventListener('hashchange', () => {
  if (location.hash.startsWith('#pass=')) pass.value = arrived();
});

export const passHeaders = () => ({ 'X-Aisle-Pass': pass.value?.pass ?? '' });
