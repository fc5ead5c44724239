/** When something takes effect: now or at a time, for good or until a time. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';
import { serverNow } from '../core/clock.js';
import { localValue, midnight, readLocal } from '../core/moment.js';
import { Field } from './bits.js';
import words from '../words/prices.js';

const YEAR_MS = 366 * 86_400_000;

/** Where the fields begin: now, for good; a time to come is the next midnight, for a week. */
export const startNow = () => ({ mode: 'now', at: localValue(midnight(serverNow(), 1)), hasEnd: false, until: localValue(midnight(serverNow(), 8)) });

/** The API's fields of what was picked. */
export const times = (value) => ({
  effective_ms: value.mode === 'at' ? readLocal(value.at) : undefined,
  until_ms: value.hasEnd ? readLocal(value.until) : undefined,
});

/** What is wrong with what was picked, by field; null where nothing is. */
export function wrongTimes(value) {
  const { effective_ms, until_ms } = times(value);
  const now_ms = serverNow();
  let at = null;
  let until = null;
  if (Number.isNaN(effective_ms)) at = t(words.atMissing);
  else if (effective_ms < now_ms - 60_000) at = t(words.atPast);
  else if (effective_ms > now_ms + YEAR_MS) at = t(words.tooFar);
  if (Number.isNaN(until_ms)) until = t(words.atMissing);
  else if (until_ms <= Math.max(now_ms, effective_ms ?? now_ms)) until = t(words.untilEarly);
  else if (until_ms > now_ms + YEAR_MS) until = t(words.tooFar);
  return { at, until };
}

const Moment = ({ id, label, value, error, onChange }) => html`
  <${Field} label=${label} id=${id} error=${error}>
    <input id=${id} type="datetime-local" required value=${value} aria-invalid=${Boolean(error)} aria-describedby=${error ? `${id}-note` : undefined}
      onInput=${(event) => onChange(event.currentTarget.value)} />
  <//>`;

/** @param {{value: object, onChange: (value: object) => void, wrong?: {at?: string, until?: string}}} props */
export const When = ({ value, onChange, wrong = {} }) => html`
  <div class="when">
    <fieldset class="choices" data-look="row">
      <legend>${t(words.when)}</legend>
      ${[['now', words.now], ['at', words.at]].map(([mode, word]) => html`
        <label class="check" key=${mode}><input type="radio" name="when" checked=${value.mode === mode} onChange=${() => onChange({ ...value, mode })} /> ${t(word)}</label>`)}
    </fieldset>
    <label class="check"><input type="checkbox" checked=${value.hasEnd} onChange=${(event) => onChange({ ...value, hasEnd: event.currentTarget.checked })} /> ${t(words.onlyUntil)}</label>
    ${(value.mode === 'at' || value.hasEnd) && html`
      <div class="field-grid">
        ${value.mode === 'at' && html`<${Moment} id="when-at" label=${t(words.atField)} value=${value.at} error=${wrong.at} onChange=${(at) => onChange({ ...value, at })} />`}
        ${value.hasEnd && html`<${Moment} id="when-until" label=${t(words.untilField)} value=${value.until} error=${wrong.until} onChange=${(until) => onChange({ ...value, until })} />`}
      </div>`}
  </div>`;
