/** What a promotion does, in one sentence and both languages. Pure rules over the contract's `Promotion`. */
import { both } from '../../../core/i18n.js';
import { money } from '../../../core/format.js';
import { productName } from './product-names.js';
import words from '../../../words/promotions.js';

const plain = (value) => String(Math.round(value * 100) / 100);

/** A list with "and" before the last. @param {{zh: string, en: string}[]} list */
function joined(list) {
  const one = (code, comma) => list.map((word) => word[code]).reduce((text, word, index) => (index === 0 ? word : text + (index === list.length - 1 ? words.and[code] : comma) + word), '');
  return { zh: one('zh', '、'), en: one('en', ', ') };
}

const asWord = (text) => ({ zh: text, en: text });
const upper = (word) => ({ zh: word.zh, en: word.en.charAt(0).toUpperCase() + word.en.slice(1) });

/** @param {{gtins: string[], categories: string[], everything: boolean}} set */
export function productsWord(set) {
  if (set.everything) return words.everything;
  const gtins = set.gtins ?? [];
  const named = gtins.length > 3 ? [both(words.someProducts, { count: gtins.length })] : gtins.map((gtin) => productName(gtin) ?? asWord(gtin));
  return joined([...(set.categories ?? []).map(asWord), ...named]);
}

/** 20 % off is 8 折: what is left, in tenths. */
const shareWord = (percent_bp) => ({ zh: plain((10_000 - percent_bp) / 1000), en: plain(percent_bp / 100) });

export function effectWord(effect) {
  if (effect.effect === 'percent-off') return effect.percent_bp >= 10_000 ? words.saysFree : both(words.saysOff, { share: shareWord(effect.percent_bp) });
  if (effect.effect === 'amount-off') return both(words.saysAmount, { amount: money(effect.amount_minor) });
  return both(words.saysPrice, { price: money(effect.price_minor) });
}

const partWord = (part) => both(words.sayPart, { quantity: part.quantity ?? 1, products: productsWord(part.products) });
const wholeSet = { everything: true };

const SAID = {
  'each-unit': (rule) => both(words.sayEach, { products: productsWord(rule.products), effect: effectWord(rule.effect) }),
  'buy-get': (rule) => both(words.sayBuyGet, { products: productsWord(rule.products), buy: rule.buy, get: rule.get, effect: effectWord(rule.effect) }),
  'buy-get-other': (rule) => both(words.sayBuyGetOther, { bought: joined(rule.buy.map(partWord)), products: partWord(rule.get), effect: effectWord(rule.effect) }),
  bundle: (rule) => (rule.parts.length === 1
    ? both(words.sayBundleOne, { products: productsWord(rule.parts[0].products), quantity: rule.parts[0].quantity ?? 1, price: money(rule.price_minor) })
    : both(words.sayBundle, { parts: joined(rule.parts.map(partWord)), price: money(rule.price_minor) })),
  'at-least': (rule) => both(words.sayAtLeast, {
    products: productsWord(rule.products),
    tiers: joined(rule.tiers.map((tier) => both(words.sayTier, { quantity: tier.quantity, effect: effectWord(tier.effect) }))),
  }),
  'cart-off': (rule) => {
    const products = rule.products ?? wholeSet;
    const values = { threshold: money(rule.threshold_minor ?? 0), effect: effectWord(rule.effect), products: productsWord(products) };
    if (!rule.threshold_minor) return both(words.sayCartAll, values);
    return both(products.everything ? words.sayCart : words.sayCartOn, values);
  },
};

/** The rule alone: what a shopper is told. */
export const ruleWord = (rule) => upper(SAID[rule.rule]?.(rule) ?? asWord(rule.rule));

/** The rule with its conditions: what a manager has to know. */
export function promotionWord(promotion) {
  const { rule, tiers = [], coupon, per_basket: times } = promotion;
  const conditions = [];
  if (tiers.length) conditions.push(both(words.onlyTiers, { tiers: tiers.join(', ') }));
  if (coupon) conditions.push(both(words.onlyCoupon, { coupon }));
  if (rule.most_minor != null) conditions.push(both(words.mostOff, { most: money(rule.most_minor) }));
  if (times === 1) conditions.push(words.onceOnly);
  else if (times) conditions.push(both(words.mostTimes, { count: times }));
  const said = ruleWord(rule);
  return { zh: [said, ...conditions].map((word) => word.zh).join('；'), en: [said, ...conditions].map((word) => word.en).join('; ') };
}
