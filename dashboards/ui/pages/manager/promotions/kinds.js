/** The kinds of promotion that the form makes: how a rule is read into its fields and made of them. Pure rules. */
import { t } from '../../../core/i18n.js';
import { money, plainMoney, readMoney } from '../../../core/format.js';
import words from '../../../words/promotions.js';

export const EFFECTS = { percent: words.percentOff, amount: words.amountOff, price: words.fixedPrice, free: words.free };
const CATEGORY = { gtins: [], categories: [], everything: false };

/** Kind to its word, the effects it may have and the numbers it asks for. */
export const KINDS = {
  'each-unit': { word: words.kindUnit, effects: ['percent', 'amount', 'price'], numbers: [] },
  'buy-get': { word: words.kindBuyGet, effects: ['free', 'percent'], numbers: ['buy', 'get'] },
  bundle: { word: words.kindBundle, effects: [], numbers: ['quantity'], hasPrice: true },
  'at-least': { word: words.kindAtLeast, effects: ['percent', 'amount', 'price'], numbers: ['from'] },
  'cart-off': { word: words.kindCart, effects: ['amount', 'percent'], numbers: [], hasThreshold: true },
};

const MOST_UNITS = 100;
export const NUMBERS = {
  buy: { word: words.buy, least: 1 },
  get: { word: words.get, least: 1 },
  quantity: { word: words.quantity, least: 1 },
  from: { word: words.from, least: 2 },
};

/** The fields of a new promotion. */
export const NEW = { kind: 'each-unit', effect: 'percent', percent: '20', amount: '5', price: '9.90', buy: '2', get: '1', quantity: '3', from: '3', threshold: '100', products: CATEGORY };

function effectFields(effect) {
  if (effect.effect === 'percent-off') return effect.percent_bp >= 10_000 ? { effect: 'free' } : { effect: 'percent', percent: String(effect.percent_bp / 100) };
  if (effect.effect === 'amount-off') return { effect: 'amount', amount: plainMoney(effect.amount_minor) };
  return { effect: 'price', price: plainMoney(effect.price_minor) };
}

/** Whether the form can show all of a rule; others keep theirs. */
const isPlain = (rule) => rule.rule in KINDS && (rule.parts?.length ?? 1) === 1 && (rule.tiers?.length ?? 1) === 1
  && !rule.repeats && rule.most_minor == null && (rule.basis ?? 'discounted') === 'discounted';

/** The fields of a rule; of one that the form cannot show the kind is null. */
export function fieldsOf(rule) {
  if (!isPlain(rule)) return { ...NEW, kind: null };
  const kind = rule.rule;
  const some = { 'buy-get': () => ({ buy: String(rule.buy), get: String(rule.get) }),
    bundle: () => ({ quantity: String(rule.parts[0].quantity ?? 1), price: plainMoney(rule.price_minor), products: rule.parts[0].products }),
    'at-least': () => ({ from: String(rule.tiers[0].quantity), ...effectFields(rule.tiers[0].effect) }),
    'cart-off': () => ({ threshold: plainMoney(rule.threshold_minor ?? 0), products: rule.products ?? { ...CATEGORY, everything: true } }) };
  return { ...NEW, kind, products: { ...CATEGORY, ...rule.products }, ...(rule.effect ? effectFields(rule.effect) : {}), ...some[kind]?.() };
}

const whole = (text) => (/^\d{1,4}$/.test(text.trim()) ? Number(text) : null);
const basisPoints = (text) => (/^\d+([.,]\d{1,2})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(',', '.')) * 100) : 0);

/** What is wrong with the fields, by field. @returns {Record<string, string>} */
export function wrongFields(fields) {
  const wrong = {};
  const kind = KINDS[fields.kind];
  if (!kind) return wrong;
  for (const name of kind.numbers) {
    const value = whole(fields[name]);
    const { least } = NUMBERS[name];
    if (value == null || value < least || value > MOST_UNITS) wrong[name] = t(words.numberWrong, { least, most: MOST_UNITS });
  }
  const uses = (effect) => kind.effects.includes(fields.effect) && fields.effect === effect;
  const percent_bp = basisPoints(fields.percent);
  if (uses('percent') && !(percent_bp > 0 && percent_bp <= 10_000)) wrong.percent = t(words.percentWrong);
  if (uses('amount') && !readMoney(fields.amount)) wrong.amount = t(words.moneyWrong);
  if ((uses('price') || kind.hasPrice) && !readMoney(fields.price)) wrong.price = t(words.moneyWrong);
  if (kind.hasThreshold && readMoney(fields.threshold) == null) wrong.threshold = t(words.moneyWrong);
  else if (kind.hasThreshold && uses('amount') && readMoney(fields.amount) > readMoney(fields.threshold)) wrong.amount = `${t(words.overThreshold)}: ${money(readMoney(fields.threshold))}`;
  const { gtins, categories, everything } = fields.products;
  if (!everything && !gtins.length && !categories.length && fields.kind !== 'cart-off') wrong.products = true;
  return wrong;
}

function effectOf(fields) {
  if (fields.effect === 'free') return { effect: 'percent-off', percent_bp: 10_000 };
  if (fields.effect === 'percent') return { effect: 'percent-off', percent_bp: basisPoints(fields.percent) };
  if (fields.effect === 'amount') return { effect: 'amount-off', amount_minor: readMoney(fields.amount) };
  return { effect: 'fixed-price', price_minor: readMoney(fields.price) };
}

/** The rule that right fields make. */
export function ruleOf(fields) {
  const { kind, products } = fields;
  const effect = effectOf(fields);
  return {
    'each-unit': () => ({ rule: kind, products, effect }),
    'buy-get': () => ({ rule: kind, products, buy: whole(fields.buy), get: whole(fields.get), effect }),
    bundle: () => ({ rule: kind, parts: [{ products, quantity: whole(fields.quantity) }], price_minor: readMoney(fields.price) }),
    'at-least': () => ({ rule: kind, products, tiers: [{ quantity: whole(fields.from), effect }] }),
    'cart-off': () => ({ rule: kind, effect, threshold_minor: readMoney(fields.threshold), products: { ...CATEGORY, everything: true } }),
  }[kind]();
}

/** The fields with another kind, which begins with the effect that is usual for it. */
export const withKind = (fields, kind) => ({ ...fields, kind, effect: KINDS[kind].effects[0] ?? fields.effect });
