/** The store manager's page. */
import { html, start } from '../core/html.js';
import { route } from '../core/route.js';
import { changes } from '../core/store.js';
import { Shell } from '../parts/shell.js';
import { StorePage } from '../parts/store-page.js';
import { Empty } from '../parts/states.js';
import { t } from '../core/i18n.js';
import { Overview } from './manager/overview.js';
import { Prices } from './manager/prices.js';
import { Labels } from './manager/labels.js';
import { Shelves } from './manager/shelves.js';
import { Sound } from './manager/sound.js';
import { Offers } from './manager/offers.js';
import common from '../words/common.js';
import words from '../words/manager.js';
import shelves from '../words/shelves.js';

const PARTS = { store: Overview, prices: Prices, labels: Labels, shelves: Shelves, sound: Sound, offers: Offers };

function Manager() {
  const open = changes.value.filter((change) => change.state === 'published').length;
  const sections = [
    { id: 'store', word: words.store, icon: 'map' },
    { id: 'prices', word: words.prices, icon: 'tag', count: open },
    { id: 'labels', word: words.labels, icon: 'label' },
    { id: 'shelves', word: shelves.shelves, icon: 'layers' },
    { id: 'sound', word: words.sound, icon: 'sound' },
    { id: 'offers', word: words.offers, icon: 'gift' },
  ];
  const Part = PARTS[route.value[0] ?? 'store'];
  return html`
    <${Shell} title=${common.manager} sections=${sections} roles=${['manager', 'hq']}>
      <${StorePage}>${Part ? html`<${Part} />` : html`<${Empty} title=${t(common.notHere)} />`}<//>
    <//>`;
}

start(Manager);
