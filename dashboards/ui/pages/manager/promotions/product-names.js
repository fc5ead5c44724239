/** Names of products that promotions speak of by GTIN: asked for once, when first needed. */
import { signal } from '../../../core/html.js';
import { get, path } from '../../../core/api.js';
import { storeId } from '../../../core/store.js';

const names = signal(new Map());
const asked = new Set();

export function keepName(gtin, name) {
  names.value = new Map(names.value).set(gtin, name);
}

async function ask(gtin) {
  const found = await get(path(['api', 'stores', storeId.value, 'products'], { q: gtin, limit: 1 })).catch(() => null);
  if (found?.items[0]?.gtin === gtin) keepName(gtin, found.items[0].name);
}

/** @returns {{zh: string, en: string}|null} null until it is known */
export function productName(gtin) {
  const known = names.value.get(gtin);
  const key = `${storeId.value} ${gtin}`;
  if (!known && !asked.has(key)) {
    asked.add(key);
    ask(gtin);
  }
  return known ? { zh: known.zh ?? known.en ?? gtin, en: known.en ?? known.zh ?? gtin } : null;
}
