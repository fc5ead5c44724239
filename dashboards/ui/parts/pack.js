/** Goods whose code says their weight, count or price: how a line explains what it costs, and why a code is not sold. */
import { t } from '../core/i18n.js';
import { money } from '../core/format.js';
import words, { refused, refusedNote } from '../words/edge.js';

/** 0.482 kg */
const weight = (weight_g) => `${(weight_g / 1000).toFixed(3)} kg`;

/** 0.482 kg × ¥39.80/kg; without a unit price where the price on the pack counts. */
export function packText(pack, currency) {
  const each = pack.each_minor == null ? '' : ` × ${money(pack.each_minor, currency)}${pack.measure && `/${pack.measure}`}`;
  if (pack.weight_g != null) return `${weight(pack.weight_g)}${each}${each ? '' : ` · ${t(words.priceOnPack)}`}`;
  if (pack.count != null) return `${t(words.pieces, { count: pack.count })}${each}`;
  return t(words.priceOnPack);
}

/** What the price of goods that are weighed is for: "/kg". */
export const perMeasure = (product) => (product.gtin.startsWith('9') && product.measure ? `/${product.measure}` : '');

/** What to tell of a code that is not sold: a title and what to do. */
export function refusal(code) {
  const why = code.refused in refused ? code.refused : 'unknown';
  return { title: t(refused[why]), note: t(refusedNote[why], { gtin: code.gtin.replace(/^0+(?=\d{8})/, '').slice(0, 24) }) };
}
