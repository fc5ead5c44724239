/** Finding a product in the cart's own price book. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { useLoad, useRested } from '../../core/load.js';
import { Price } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { perMeasure } from '../../parts/pack.js';
import words from '../../words/edge.js';

const REST_MS = 160;

/** Products of the device's book that match; asked again when the book changes. */
export const useProducts = (query, bookVersion) => useLoad(() => get(path(['api', 'products'], { q: query, limit: 60 })), [query, bookVersion]);

export const FoundProduct = ({ product, currency, onShow, children }) => html`
  <li class="found">
    <button disabled=${!product.shelf} onClick=${() => onShow(product)}>
      <span class="row-text"><b>${t(product.name)}</b><small>${t(product.shelf ? words.showOnMap : words.noShelf)}</small></span>
      <span class="price-per"><${Price} minor=${product.price_minor} currency=${currency} />${perMeasure(product)}</span>
      <${Icon} name=${product.shelf ? 'map' : 'info'} size=${22} />
    </button>
    ${children}
  </li>`;

export function Find({ state, onShow }) {
  const [query, setQuery] = useState('');
  const rested = useRested(query.trim(), REST_MS);
  const load = useProducts(rested, state.book?.version);
  return html`
    <section class="find" aria-label=${t(words.findProduct)}>
      <div class="search" data-size="large"><${Icon} name="search" size=${24} />
        <input type="search" enterkeyhint="search" aria-label=${t(words.findProduct)} placeholder=${t(words.findHint)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>
      <${Loaded} load=${load}>
        ${({ items }) => (items.length === 0
          ? html`<${Empty} icon="search" title=${t(words.nothing, { query: rested })} note=${t(words.nothingNote)} />`
          : html`<ul class="found-list">${items.map((product) => html`<${FoundProduct} key=${product.gtin} product=${product} currency=${state.book?.currency} onShow=${onShow} />`)}</ul>`)}
      <//>
    </section>`;
}
