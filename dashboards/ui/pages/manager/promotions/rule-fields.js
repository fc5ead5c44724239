/** The fields of a promotion's rule: its kind, how much, on what. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { Field } from '../../../parts/bits.js';
import { EFFECTS, KINDS, NUMBERS, withKind } from './kinds.js';
import { ProductSet } from './product-set.js';
import words from '../../../words/promotions.js';

const Text = ({ name, word, fields, wrong, onChange, mode = 'decimal' }) => html`
  <${Field} label=${t(word)} id=${`promotion-${name}`} error=${wrong[name]}>
    <input id=${`promotion-${name}`} inputmode=${mode} autocomplete="off" aria-invalid=${Boolean(wrong[name])} aria-describedby=${wrong[name] ? `promotion-${name}-note` : undefined}
      value=${fields[name]} onInput=${(event) => onChange({ ...fields, [name]: event.currentTarget.value })} />
  <//>`;

const VALUES = { percent: words.percent, amount: words.amount, price: words.price };

/** @param {{fields: object, wrong: Record<string, string>, onChange: (fields: object) => void}} props */
export function RuleFields({ fields, wrong, onChange }) {
  const kind = KINDS[fields.kind];
  const value = kind.hasPrice ? 'price' : fields.effect;
  const props = { fields, wrong, onChange };
  return html`
    <${Field} label=${t(words.kind)} id="promotion-kind">
      <select id="promotion-kind" autofocus value=${fields.kind} onChange=${(event) => onChange(withKind(fields, event.currentTarget.value))}>
        ${Object.entries(KINDS).map(([name, one]) => html`<option key=${name} value=${name}>${t(one.word)}</option>`)}
      </select>
    <//>
    ${!kind.hasThreshold && html`<${ProductSet} set=${fields.products} error=${Boolean(wrong.products)} onChange=${(products) => onChange({ ...fields, products })} />`}
    ${kind.effects.length > 0 && html`
      <fieldset class="choices" data-look="row">
        <legend>${t(words.effect)}</legend>
        ${kind.effects.map((name) => html`
          <label class="check" key=${name}><input type="radio" name="effect" checked=${fields.effect === name} onChange=${() => onChange({ ...fields, effect: name })} /> ${t(EFFECTS[name])}</label>`)}
      </fieldset>`}
    <div class="field-grid">
      ${kind.hasThreshold && html`<${Text} ...${props} name="threshold" word=${words.threshold} />`}
      ${kind.numbers.map((name) => html`<${Text} key=${name} ...${props} name=${name} word=${NUMBERS[name].word} mode="numeric" />`)}
      ${VALUES[value] && html`<${Text} ...${props} name=${value} word=${VALUES[value]} />`}
    </div>`;
}
