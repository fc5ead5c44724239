/** Choosing what a promotion is on: a category, some products, or everything. */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, path } from '../../../core/api.js';
import { storeId } from '../../../core/store.js';
import { useLoad, useRested } from '../../../core/load.js';
import { Field, Price } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import { keepName, productName } from './product-names.js';
import words from '../../../words/promotions.js';

const FOUND = 5;
const REST_MS = 160;
const WAYS = { category: words.ofCategory, products: words.ofProducts, everything: words.ofEverything };
const NONE = { gtins: [], categories: [], everything: false };

const wayOf = (set) => (set.everything ? 'everything' : set.gtins.length ? 'products' : 'category');

const Category = ({ set, error, onChange }) => {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'categories'])), [storeId.value]);
  const chosen = set.categories[0] ?? '';
  const all = [...new Set([...(load.data ?? []).filter(Boolean), ...(chosen ? [chosen] : [])])];
  return html`
    <${Field} label=${t(words.category)} id="promotion-category" error=${error && t(words.pickCategory)}>
      <select id="promotion-category" value=${chosen} aria-invalid=${Boolean(error)} onChange=${(event) => onChange({ ...NONE, categories: event.currentTarget.value ? [event.currentTarget.value] : [] })}>
        <option value="">${t(words.pickCategory)}</option>
        ${all.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
      </select>
    <//>`;
};

const Some = ({ set, error, onChange }) => {
  const [query, setQuery] = useState('');
  const rested = useRested(query.trim(), REST_MS);
  const load = useLoad(async () => (rested ? get(path(['api', 'stores', storeId.value, 'products'], { q: rested, limit: FOUND })) : { items: [] }), [rested]);
  const found = query.trim() ? (load.data?.items ?? []).filter((one) => !set.gtins.includes(one.gtin)) : [];
  const add = (product) => {
    keepName(product.gtin, product.name);
    onChange({ ...NONE, gtins: [...set.gtins, product.gtin] });
    setQuery('');
  };
  const onKeyDown = (event) => {
    if (event.key !== 'Enter' || event.isComposing) return;
    // Enter picks a product; it must not send the form.
    event.preventDefault();
    if (found[0]) add(found[0]);
  };
  const nameOf = (gtin) => t(productName(gtin)) || gtin;
  return html`
    <${Field} label=${t(words.findProduct)} id="promotion-product" error=${error && t(words.pickProduct)}>
      <div class="search"><${Icon} name="search" size=${18} />
        <input id="promotion-product" type="search" autocomplete="off" aria-invalid=${Boolean(error)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} onKeyDown=${onKeyDown} /></div>
    <//>
    ${found.length > 0 && html`
      <ul class="picks">${found.map((product) => html`
        <li key=${product.gtin}><button type="button" class="pick" onClick=${() => add(product)}><${Icon} name="plus" size=${18} /> <span>${t(product.name)}</span> <${Price} minor=${product.price_minor} /></button></li>`)}</ul>`}
    ${set.gtins.length > 0 && html`
      <ul class="chips">${set.gtins.map((gtin) => html`
        <li key=${gtin}><button type="button" class="chip chosen" aria-label=${t(words.dropProduct, { name: nameOf(gtin) })} onClick=${() => onChange({ ...NONE, gtins: set.gtins.filter((one) => one !== gtin) })}>${nameOf(gtin)} <${Icon} name="close" size=${14} /></button></li>`)}</ul>`}`;
};

/** @param {{set: object, error: boolean, onChange: (set: object) => void}} props `set`: the contract's `Products` */
export function ProductSet({ set, error, onChange }) {
  const [way, setWay] = useState(wayOf(set));
  const choose = (next) => {
    setWay(next);
    onChange({ ...NONE, everything: next === 'everything' });
  };
  return html`
    <fieldset class="choices" data-look="row">
      <legend>${t(words.products)}</legend>
      ${Object.entries(WAYS).map(([name, word]) => html`
        <label class="check" key=${name}><input type="radio" name="products" checked=${way === name} onChange=${() => choose(name)} /> ${t(word)}</label>`)}
    </fieldset>
    ${way === 'category' && html`<${Category} set=${set} error=${error} onChange=${onChange} />`}
    ${way === 'products' && html`<${Some} set=${set} error=${error} onChange=${onChange} />`}`;
}
