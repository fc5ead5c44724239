/** Two languages. A word is `{ zh, en }`, the same shape as every name that the API sends. */
import { signal, effect } from './html.js';

const KEY = 'aisle.language';
export const LANGUAGES = ['zh', 'en'];
const LOCALES = { zh: 'zh-CN', en: 'en-GB' };

function remembered() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (LANGUAGES.includes(asked)) return asked;
  try {
    const kept = localStorage.getItem(KEY);
    if (LANGUAGES.includes(kept)) return kept;
  } catch {
    // Storage may be forbidden (kiosk profile); then the browser's own language counts.
  }
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/** The language shown: 'zh' or 'en'. */
export const language = signal(remembered());

/** BCP 47 locale of the language shown. */
export const locale = () => LOCALES[language.value];

effect(() => {
  document.documentElement.lang = locale();
});

/** Show another language from now on, here and at the next visit. */
export function speak(next) {
  language.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Not remembered, but switched.
  }
}

/**
 * Say a word in the language shown; `{name}` in it is filled from `values`.
 * @param {{zh: string, en: string}|null|undefined} word
 * @param {Record<string, unknown>} [values]
 */
export function t(word, values) {
  if (!word) return '';
  const text = word[language.value] ?? word.en ?? word.zh ?? '';
  return values ? text.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole)) : text;
}

/**
 * Fill a word in both languages at once; a value may itself be a word.
 * @param {{zh: string, en: string}} word @param {Record<string, unknown>} [values]
 * @returns {{zh: string, en: string}}
 */
export const both = (word, values = {}) => Object.fromEntries(LANGUAGES.map((code) => [
  code,
  word[code].replace(/\{(\w+)\}/g, (whole, key) => String(values[key]?.[code] ?? values[key] ?? whole)),
]));
