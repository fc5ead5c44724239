/** What stands beside a price: the members' price and the price struck out. Rules first, then the fields. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { money, plainMoney, readMoney } from '../../../core/format.js';
import { Field } from '../../../parts/bits.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

/** What the fields begin with. */
export const extrasOf = (product) => ({
  member: product.member_minor ? plainMoney(product.member_minor) : '',
  hasWas: Boolean(product.was_minor),
  was: product.was_minor ? plainMoney(product.was_minor) : '',
});

/** The value to send: undefined leaves it as it is, 0 ends it, null is no price. */
const sent = (minor, standing_minor) => (minor === (standing_minor || 0) ? undefined : minor);

/** The API's fields. */
export const extrasBody = (extras, product) => ({
  member_minor: sent(extras.member.trim() ? readMoney(extras.member) : 0, product.member_minor),
  was_minor: sent(extras.hasWas ? readMoney(extras.was) : 0, product.was_minor),
});

/** Whether a price may show another one struck out. */
export const mayStrike = (minor, lawful) => minor != null && lawful != null && minor < lawful.lawful_was_minor;

/** What is wrong, by field; null where nothing is. @param {object|null} lawful the product's history, which names the lawful maximum */
export function wrongExtras(extras, product, minor, lawful) {
  let member = null;
  let was = null;
  if (extras.member.trim()) {
    const member_minor = readMoney(extras.member);
    if (member_minor == null) member = t(manager.notPrice);
    else if (minor != null && member_minor >= minor) member = t(words.memberHigh, { price: money(minor) });
  }
  if (extras.hasWas) {
    const was_minor = readMoney(extras.was);
    if (was_minor == null) was = t(manager.notPrice);
    else if (minor != null && was_minor <= minor) was = t(words.wasLow, { price: money(minor) });
    // One that stands already was lawful when it was set.
    else if (lawful && was_minor !== product.was_minor && was_minor > lawful.lawful_was_minor) {
      was = t(words.wasHigh, { price: money(lawful.lawful_was_minor), days: lawful.lawful_days });
    }
  }
  return { member, was };
}

/** @param {{extras: object, minor: number|null, lawful: object|null, wrong: {member?: string, was?: string}, onChange: (extras: object) => void}} props */
export function Extras({ extras, minor, lawful, wrong, onChange }) {
  const may = extras.hasWas || mayStrike(minor, lawful);
  const known = lawful && { price: money(lawful.lawful_was_minor), days: lawful.lawful_days };
  const strike = (hasWas) => onChange({ ...extras, hasWas, was: hasWas && !extras.was && lawful ? plainMoney(lawful.lawful_was_minor) : extras.was });
  return html`
    <div class="extras">
      <${Field} label=${t(words.member)} id="member-price" error=${wrong.member} note=${t(words.memberNote)}>
        <input id="member-price" inputmode="decimal" autocomplete="off" value=${extras.member} aria-invalid=${Boolean(wrong.member)} aria-describedby="member-price-note"
          onInput=${(event) => onChange({ ...extras, member: event.currentTarget.value })} />
      <//>
      <div class="extra">
        <label class="check"><input type="checkbox" checked=${extras.hasWas} disabled=${!may} aria-describedby=${may ? undefined : 'was-none'} onChange=${(event) => strike(event.currentTarget.checked)} /> ${t(words.wasShow)}</label>
        ${!may && known && html`<p class="field-note" id="was-none">${t(words.wasNone, known)}</p>`}
        ${extras.hasWas && html`
          <${Field} label=${t(words.was)} id="was-price" error=${wrong.was} note=${known && t(words.wasMost, known)}>
            <input id="was-price" inputmode="decimal" autocomplete="off" value=${extras.was} aria-invalid=${Boolean(wrong.was)} aria-describedby="was-price-note"
              onInput=${(event) => onChange({ ...extras, was: event.currentTarget.value })} />
          <//>`}
      </div>
    </div>`;
}
