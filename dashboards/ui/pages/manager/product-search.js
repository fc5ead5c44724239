/** A search field with its results: typed, walked through and chosen without leaving the keyboard. */
import { html, useState, useEffect, useRef } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { storeId, priceTurn } from '../../core/store.js';
import { useLoad, useRested } from '../../core/load.js';
import { money, number } from '../../core/format.js';
import { Card, Price } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { plainGtin, labelCount, unitPrice } from './prices/product-facts.js';
import words from '../../words/manager.js';
import prices from '../../words/prices.js';

const PAGE = 50;
const MORE = 200;
const REST_MS = 160;

const Row = ({ product, active, onPick, index }) => html`
  <li role="option" id=${`product-${index}`} aria-selected=${active} class="product" onClick=${() => onPick(product)}>
    <span class="product-name"><b>${t(product.name)}</b><small>${[plainGtin(product), product.category, labelCount(product.labels)].filter(Boolean).join(' · ')}</small></span>
    <span class="product-unit">${unitPrice(product)}</span>
    <span class="product-member">${product.member_minor ? t(prices.memberPays, { price: money(product.member_minor) }) : ''}</span>
    <span class="product-price">${product.was_minor ? html`<s><span class="visually-hidden">${t(prices.wasShort)} </span>${money(product.was_minor)}</s>` : null}<${Price} minor=${product.price_minor} /></span>
    <span class="product-edit" aria-hidden="true"><${Icon} name="edit" size=${18} /></span>
  </li>`;

/** The words above the columns, where there are columns; each row says the same by itself. */
const Head = () => html`
  <p class="product product-head" aria-hidden="true">
    <span class="product-name">${t(prices.colProduct)}</span><span class="product-unit">${t(prices.colUnit)}</span><span class="product-member">${t(prices.colMember)}</span>
    <span class="product-price">${t(prices.colPrice)}</span><span class="product-edit"></span>
  </p>`;

/** The first `count` products; a store may have a million, the API gives two hundred at once. */
async function ask(q, count) {
  const pages = [];
  for (let offset = 0; offset < count; offset += MORE) pages.push(get(path(['api', 'stores', storeId.value, 'products'], { q, offset: offset || undefined, limit: Math.min(MORE, count - offset) })));
  const all = await Promise.all(pages);
  return { total: all[0].total, items: all.flatMap((one) => one.items) };
}

/** @param {{onPick: (product: object) => void, side?: any}} props */
export function ProductSearch({ onPick, side }) {
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const field = useRef(null);
  const rested = useRested(query.trim(), REST_MS);
  const [wanted, setWanted] = useState({ query: '', count: PAGE });
  const count = wanted.query === rested ? wanted.count : PAGE;
  const load = useLoad(() => ask(rested, count), [rested, count, storeId.value, priceTurn.value]);
  const items = load.data?.items ?? [];

  useEffect(() => setActive(0), [rested]);
  useEffect(() => {
    document.getElementById(`product-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  useEffect(() => {
    const onSlash = (event) => {
      if (event.key !== '/' || event.target.closest('input, textarea, select, dialog')) return;
      event.preventDefault();
      field.current.focus();
      field.current.select();
    };
    addEventListener('keydown', onSlash);
    return () => removeEventListener('keydown', onSlash);
  }, []);

  const onKeyDown = (event) => {
    if (event.isComposing) return; // Enter and arrows belong to the input method while it composes Chinese
    const last = items.length - 1;
    const steps = { ArrowDown: Math.min(active + 1, last), ArrowUp: Math.max(active - 1, 0) };
    if (event.key in steps) {
      event.preventDefault();
      setActive(steps[event.key]);
    } else if (event.key === 'Enter' && items[active]) {
      event.preventDefault();
      onPick(items[active]);
    } else if (event.key === 'Escape') {
      setQuery('');
    }
  };

  return html`
    <${Card} className="search-card" title=${t(words.findProduct)} side=${side}>
      <div class="search">
        <${Icon} name="search" />
        <input ref=${field} type="search" role="combobox" aria-expanded="true" aria-controls="products" aria-label=${t(words.findProduct)}
          aria-activedescendant=${items.length ? `product-${active}` : undefined} aria-describedby="search-keys" aria-autocomplete="list" autocomplete="off"
          placeholder=${t(prices.findHint)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} onKeyDown=${onKeyDown} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <p class="muted search-keys" id="search-keys">${t(words.findKeys)}</p>
      <${Loaded} load=${load} rows=${6}>
        ${(found) => html`
          <p class="muted" role="status">${found.total > found.items.length ? t(words.resultsPart, { shown: number(found.items.length), total: number(found.total) }) : t(words.results, { total: number(found.total) })}</p>
          ${found.items.length === 0
            ? html`<${Empty} icon="search" title=${t(words.noProduct, { query: rested })} note=${t(words.noProductNote)} />`
            : null}
          ${found.items.length > 0 && html`<${Head} />`}
          <ul role="listbox" id="products" class="products" tabindex=${found.items.length ? 0 : undefined} aria-label=${t(words.findProduct)} onKeyDown=${onKeyDown}>
            ${found.items.map((product, index) => html`<${Row} key=${product.gtin} product=${product} index=${index} active=${index === active} onPick=${onPick} />`)}
          </ul>
          ${found.items.length < found.total && html`
            <button class="button" disabled=${load.loading} onClick=${() => setWanted({ query: rested, count: count + MORE })}>${t(prices.moreProducts, { count: number(Math.min(MORE, found.total - found.items.length)) })}</button>`}`}
      <//>
    <//>`;
}
