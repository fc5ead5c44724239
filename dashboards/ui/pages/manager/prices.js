/** Prices: products and their changes, promotions, price lists from elsewhere, versions of the book. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { route } from '../../core/route.js';
import { Tabs } from '../../parts/tabs.js';
import { Products } from './prices/products.js';
import { Promotions } from './promotions/promotions.js';
import { Imports } from './imports/imports.js';
import { Versions } from './books/versions.js';
import words from '../../words/prices.js';

const TABS = [
  { path: ['prices'], word: words.tabPrices, icon: 'tag', Part: Products },
  { path: ['prices', 'promotions'], word: words.tabPromotions, icon: 'percent', Part: Promotions },
  { path: ['prices', 'import'], word: words.tabImport, icon: 'upload', Part: Imports },
  { path: ['prices', 'versions'], word: words.tabVersions, icon: 'layers', Part: Versions },
];

export function Prices() {
  // Any other name is a product's GTIN (`#/prices/GTIN`).
  const open = TABS.find((tab) => tab.path[1] && tab.path[1] === route.value[1]) ?? TABS[0];
  return html`
    <${Tabs} label=${t(words.tabs)} tabs=${TABS} open=${open.path} />
    <${open.Part} />`;
}
