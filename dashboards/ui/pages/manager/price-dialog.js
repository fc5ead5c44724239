/** A product's sheet: its price to change, and every price that it has had. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { storeId } from '../../core/store.js';
import { useLoad } from '../../core/load.js';
import { Dialog } from '../../parts/dialog.js';
import { PriceForm } from './prices/price-form.js';
import { plainGtin, labelCount, unitPrice } from './prices/product-facts.js';
import words from '../../words/manager.js';

/** @param {{product: object, onDone: (change: object) => void, onClose: () => void}} props */
export function PriceDialog({ product, onDone, onClose }) {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'products', product.gtin, 'history'])), [product.gtin]);
  const facts = [plainGtin(product), product.category, labelCount(product.labels), unitPrice(product)].filter(Boolean);
  return html`
    <${Dialog} title=${t(words.changePrice)} wide onClose=${onClose}>
      <p class="price-form-name"><b>${t(product.name)}</b><small>${facts.join(' · ')}</small></p>
      <${PriceForm} product=${product} load=${load} onDone=${onDone} onClose=${onClose} />
    <//>`;
}
