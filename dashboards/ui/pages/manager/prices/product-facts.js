/** How a product's facts are said. */
import { t } from '../../../core/i18n.js';
import { money } from '../../../core/format.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

/** A GTIN as it stands on the package: without the zeros in front. */
export const plainGtin = (product) => product.gtin.replace(/^0+(?=\d{8})/, '');

export const labelCount = (count) => t(count === 1 ? manager.labelCountOne : manager.labelCount, { count });

/** "¥12.90 per L", or '' where the content is not known. */
export const unitPrice = (product) => (product.unit_price_minor == null ? '' : t(words.perMeasure, { price: money(product.unit_price_minor), measure: product.measure }));
