/** Money, time and sizes as people read them. Money is integer minor units; times are UTC milliseconds. */
import { locale, language } from './i18n.js';

const made = new Map();
function formatter(key, make) {
  const name = `${locale()} ${key}`;
  if (!made.has(name)) made.set(name, make());
  return made.get(name);
}

const currencyFormat = (currency) =>
  formatter(`money ${currency}`, () =>
    new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }));

/** Decimal places of a currency: 2 for CNY, 0 for JPY. */
export const places = (currency = 'CNY') => currencyFormat(currency).resolvedOptions().maximumFractionDigits;

/** @param {number|null|undefined} minor */
export const money = (minor, currency = 'CNY') =>
  minor == null ? '—' : currencyFormat(currency).format(minor / 10 ** places(currency));

/** Money with its sign always shown, for differences. */
export const difference = (minor, currency = 'CNY') => `${minor > 0 ? '+' : minor < 0 ? '−' : ''}${money(Math.abs(minor), currency)}`;

/** Major units for a text field: 1290 → "12.90". */
export const plainMoney = (minor, currency = 'CNY') => (minor / 10 ** places(currency)).toFixed(places(currency));

/** Read what a person typed ("12.9", "¥12,90") into minor units, or null when it is not a price. */
export function readMoney(text, currency = 'CNY') {
  const plain = text.replace(/[¥￥\s]/g, '').replace(',', '.');
  if (!/^\d+(\.\d+)?$/.test(plain)) return null;
  const [whole, part = ''] = plain.split('.');
  if (part.length > places(currency)) return null;
  return Number(whole) * 10 ** places(currency) + Number(part.padEnd(places(currency), '0') || 0);
}

/** The parts of a price for a price tag: symbol, whole, fraction. */
export function priceParts(minor, currency = 'CNY') {
  const parts = currencyFormat(currency).formatToParts(minor / 10 ** places(currency));
  const pick = (...types) => parts.filter((part) => types.includes(part.type)).map((part) => part.value).join('');
  return { symbol: pick('currency'), whole: pick('minusSign', 'integer', 'group'), fraction: pick('decimal', 'fraction') };
}

/** 14:05:09 */
export const clockTime = (ms) =>
  formatter('clock', () => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })).format(ms);

/** 23 Nov, 14:05 */
export const dateTime = (ms) =>
  formatter('date', () => new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false })).format(ms);

/** 23 Nov */
export const date = (ms) => formatter('day', () => new Intl.DateTimeFormat(locale(), { month: 'short', day: 'numeric' })).format(ms);

/** Clock time today, date and time otherwise. */
export const when = (ms) => (new Date(ms).toDateString() === new Date().toDateString() ? clockTime(ms) : dateTime(ms));

/** A span: 340 ms, 1.2 s, 3 min, 2 h, 5 d. */
export function span(ms) {
  const zh = language.value === 'zh';
  const size = Math.abs(ms);
  if (size < 1000) return `${Math.round(ms)} ${zh ? '毫秒' : 'ms'}`;
  if (size < 60_000) return `${(ms / 1000).toFixed(size < 10_000 ? 1 : 0)} ${zh ? '秒' : 's'}`;
  if (size < 3_600_000) return `${Math.floor(ms / 60_000)} ${zh ? '分钟' : 'min'}`;
  if (size < 86_400_000) return `${Math.floor(ms / 3_600_000)} ${zh ? '小时' : 'h'}`;
  return `${Math.floor(ms / 86_400_000)} ${zh ? '天' : 'd'}`;
}

/** "3 minutes ago", "in 5 s": relative to `now`. */
export function ago(ms, now) {
  const relative = formatter('ago', () => new Intl.RelativeTimeFormat(locale(), { numeric: 'auto', style: 'short' }));
  const seconds = Math.round((ms - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(seconds, 'second');
  if (size < 3600) return relative.format(Math.trunc(seconds / 60), 'minute');
  if (size < 86_400) return relative.format(Math.trunc(seconds / 3600), 'hour');
  return relative.format(Math.trunc(seconds / 86_400), 'day');
}

/** 4:09 */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A time to come, as near as it matters: 9 s, 4 min 9 s, 5 h 12 min, 3 d 4 h. Never 4:09, which is a time of day, too. */
export function wait(ms) {
  const [big, small] = ms < 3_600_000 ? [60_000, 1000] : ms < 86_400_000 ? [3_600_000, 60_000] : [86_400_000, 3_600_000];
  if (ms < 60_000) return `${Math.max(0, Math.ceil(ms / 1000))} ${language.value === 'zh' ? '秒' : 's'}`;
  const rest = Math.floor((ms % big) / small) * small;
  return rest ? `${span(ms)} ${rest < 60_000 ? wait(rest) : span(rest)}` : span(ms);
}

export const number = (value, digits = 0) =>
  value == null ? '—' : formatter(`number ${digits}`, () => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits })).format(value);

/** Share as a percentage, 0.4 → 40 %. */
export const percent = (value) => formatter('percent', () => new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 })).format(value);

export function bytes(size) {
  if (size == null) return '—';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let step = 0;
  let value = size;
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${number(value, value < 10 && step > 0 ? 1 : 0)} ${units[step]}`;
}

export const metres = (value) => `${number(value, 1)} ${language.value === 'zh' ? '米' : 'm'}`;
