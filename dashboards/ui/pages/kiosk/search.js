/** Searching on a screen without a keyboard of its own: categories, letters, pinyin initials. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { useLoad } from '../../core/load.js';
import { matchesTyped } from '../../core/pinyin.js';
import { Price } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { perMeasure } from '../../parts/pack.js';
import { Keys } from './keys.js';
import words from '../../words/edge.js';

const PAGE = 200;
const MOST = 5000;
const SHOWN = 60;

async function assortment() {
  const items = [];
  for (;;) {
    const page = await get(path(['api', 'products'], { offset: items.length, limit: PAGE }));
    items.push(...page.items);
    if (page.items.length === 0 || items.length >= Math.min(page.total, MOST)) return items;
  }
}

const Result = ({ product, currency, isChosen, onChoose }) => html`
  <li><button class="kiosk-result" aria-pressed=${isChosen} onClick=${() => onChoose(product)}>
    <span class="row-text"><b>${t(product.name)}</b>${!product.shelf && html`<small>${t(words.noShelf)}</small>`}</span><span class="price-per"><${Price} minor=${product.price_minor} currency=${currency} />${perMeasure(product)}</span>
  </button></li>`;

export function KioskSearch({ state, chosen, onChoose }) {
  const [typed, setTyped] = useState('');
  const [category, setCategory] = useState('');
  const [keys, setKeys] = useState(false);
  // The whole assortment once, from the screen's own book: typing then answers at once, network or not.
  const load = useLoad(assortment, [state.book?.version]);
  const categories = [...new Set((load.data ?? []).map((product) => product.category))].filter(Boolean);
  const find = (items) => items.filter((product) => matchesTyped(product, typed) && (!category || product.category === category)).slice(0, SHOWN);
  return html`
    <section class="kiosk-search" data-keys=${keys} aria-label=${t(words.findProduct)}>
      <h2>${t(words.whereIs)}</h2>
      <div class="search" data-size="kiosk"><${Icon} name="search" size=${32} />
        <input type="text" inputmode="none" aria-label=${t(words.findProduct)} placeholder=${t(words.keyHint)} value=${typed} autocomplete="off" onFocus=${() => setKeys(true)} onInput=${(event) => setTyped(event.currentTarget.value)} />
        ${typed && html`<button class="touch-button" aria-label=${t(words.clear)} onClick=${() => setTyped('')}><${Icon} name="close" size=${28} /></button>`}
      </div>
      ${categories.length > 1 && html`<div class="chips" data-size="large" role="group" aria-label=${t(words.categories)}>
        <button class="chip" aria-pressed=${category === ''} onClick=${() => setCategory('')}>${t(words.popular)}</button>
        ${categories.map((one) => html`<button class="chip" key=${one} aria-pressed=${category === one} onClick=${() => setCategory(one)}>${categoryName(one)}</button>`)}
      </div>`}
      <${Loaded} load=${load} rows=${5}>
        ${(items) => {
          const found = find(items);
          return found.length === 0
            ? html`<${Empty} icon="search" title=${t(words.nothing, { query: typed })} note=${t(words.nothingNote)} />`
            : html`<ul class="kiosk-results" tabindex="0" aria-label=${t(words.findProduct)}>${found.map((product) => html`
                <${Result} key=${product.gtin} product=${product} currency=${state.book?.currency} isChosen=${chosen?.gtin === product.gtin} onChoose=${(one) => { setKeys(false); onChoose(one); }} />`)}</ul>`;
        }}
      <//>
      ${keys && html`<${Keys} onKey=${(letter) => setTyped(typed + letter)} onBack=${() => setTyped([...typed].slice(0, -1).join(''))} onHide=${() => setKeys(false)} />`}
    </section>`;
}

const NAMES = {
  produce: { zh: '果蔬', en: 'Produce' },
  dairy: { zh: '乳品', en: 'Dairy' },
  fruit: { zh: '水果', en: 'Fruit' },
  vegetables: { zh: '蔬菜', en: 'Vegetables' },
  bakery: { zh: '烘焙', en: 'Bakery' },
  drinks: { zh: '饮料', en: 'Drinks' },
  snacks: { zh: '零食', en: 'Snacks' },
  household: { zh: '日用', en: 'Household' },
  staples: { zh: '粮油', en: 'Staples' },
  meat: { zh: '肉类', en: 'Meat' },
  frozen: { zh: '冷冻', en: 'Frozen' },
};

/** A category as people call it; the book's own word where we have no other. */
const categoryName = (category) => t(NAMES[category]) || category;
