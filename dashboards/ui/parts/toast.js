/** Short notes that come and go; errors stay until they are closed. */
import { html, signal } from '../core/html.js';
import { sentence } from '../core/api.js';
import { t } from '../core/i18n.js';
import { Icon } from './icon.js';
import words from '../words/common.js';

const STAY_MS = 5000;
const STAY_TO_ACT_MS = 12_000;
const toasts = signal([]);
let sequence = 0;

const leave = (key) => {
  toasts.value = toasts.value.filter((one) => one.key !== key);
};

/** @param {string} text @param {'done'|'bad'} [tone] @param {{word: string, about: string, act: () => Promise<void>}} [action] what can be done about it */
export function toast(text, tone = 'done', action = null) {
  const key = (sequence += 1);
  toasts.value = [...toasts.value.filter((one) => one.text !== text), { key, text, tone, action }].slice(-4);
  if (tone !== 'bad') setTimeout(() => leave(key), action ? STAY_TO_ACT_MS : STAY_MS);
}

/** Take back the offer to do something: it was done elsewhere. @param {string} about */
export function dropToast(about) {
  toasts.value = toasts.value.filter((one) => one.action?.about !== about);
}

/** Say what went wrong. */
export const complain = (error) => toast(sentence(error), 'bad');

const onAction = ({ key, action }) => {
  leave(key);
  action.act().catch(complain);
};

export const Toasts = () => html`
  <div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(({ key, text, tone, action }) => html`
      <div class="toast" data-tone=${tone} key=${key}>
        <${Icon} name=${tone === 'bad' ? 'alert' : 'check'} />
        <span>${text}</span>
        ${action && html`<button class="toast-action" onClick=${() => onAction({ key, action })}>${action.word}</button>`}
        <button class="icon-button" aria-label=${t(words.close)} onClick=${() => leave(key)}><${Icon} name="close" size=${18} /></button>
      </div>`)}
  </div>`;
