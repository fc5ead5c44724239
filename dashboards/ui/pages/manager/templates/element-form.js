/** What one element of a template says, as a form; every change is tried on the preview at once. */
import { html, useRef } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { Field, Switch } from '../../../parts/bits.js';
import { INKS, idsBefore, movedBox, withTexts } from './elements.js';
import words, { colours, fields } from '../../../words/templates.js';

const MOST_TEXTS = 6;
const SIDES = ['x', 'y', 'width', 'height'];
const TURNS = { align: ['left', 'centre', 'right'], valign: ['top', 'middle', 'bottom'] };

const whole = (text) => (/^\d{1,4}$/.test(text.trim()) ? Number(text) : null);

const Num = ({ id, word, value, onChange, least = 0, most = 4096 }) => html`
  <${Field} label=${t(word)} id=${id}>
    <input id=${id} type="number" inputmode="numeric" min=${least} max=${most} value=${value ?? ''} onInput=${(event) => {
      const read = whole(event.currentTarget.value);
      if (read != null && read >= least && read <= most) onChange(read);
      else if (event.currentTarget.value === '') onChange(null);
    }} />
  <//>`;

const Pick = ({ id, word, value, options, onChange }) => html`
  <${Field} label=${t(word)} id=${id}>
    <select id=${id} value=${value} onChange=${(event) => onChange(event.currentTarget.value)}>
      ${options.map(([name, label]) => html`<option key=${name} value=${name}>${label}</option>`)}
    </select>
  <//>`;

const Sizes = ({ element, at, onChange }) => {
  const size = element.tries[0][at];
  const set = (key) => (value) => value != null && onChange({ tries: [element.tries[0].map((one, place) => (place === at ? { ...one, [key]: value } : one)), ...element.tries.slice(1)] });
  return html`
    <fieldset class="te-sizes"><legend>${t(words.sizes, { line: at + 1 })}</legend>
      <${Num} id=${`te-max-${at}`} word=${words.maxPx} least=${8} most=${200} value=${size.max_px} onChange=${set('max_px')} />
      <${Num} id=${`te-min-${at}`} word=${words.minPx} least=${8} most=${200} value=${size.min_px} onChange=${set('min_px')} />
      <${Num} id=${`te-lines-${at}`} word=${words.lines} least=${1} most=${10} value=${size.lines ?? 1} onChange=${set('lines')} />
    </fieldset>`;
};

/** Chips that put a field of the product where the cursor is. */
const Inserts = ({ into, onInsert }) => html`
  <div class="chips" role="group" aria-label=${t(words.insert)}>
    ${Object.entries(fields).map(([name, word]) => html`
      <button type="button" class="chip" data-size="small" key=${name} onClick=${() => {
        const field = into.current;
        const [from, to] = [field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length];
        onInsert(`${field.value.slice(0, from)}{${name}}${field.value.slice(to)}`);
      }}>${t(word)}</button>`)}
  </div>`;

const TextFields = ({ element, onChange }) => {
  const area = useRef(null);
  const set = (value) => {
    const texts = value.split('\n').slice(0, MOST_TEXTS).map((text) => text.slice(0, 200));
    if (texts.some((text) => text)) onChange(withTexts(element, texts.filter((text, at) => text || at < texts.length - 1).map((text) => text || ' ')));
  };
  return html`
    <${Field} label=${t(words.texts)} id="te-texts">
      <textarea id="te-texts" ref=${area} rows=${Math.max(2, element.texts.length)} value=${element.texts.join('\n')} onInput=${(event) => set(event.currentTarget.value)}></textarea>
    <//>
    <${Inserts} into=${area} onInsert=${set} />
    ${element.texts.map((_text, at) => html`<${Sizes} key=${at} element=${element} at=${at} onChange=${onChange} />`)}
    ${element.tries.length > 1 && html`<p class="field-note">${t(words.moreTries, { count: element.tries.length - 1 })}</p>`}
    <div class="field-grid">
      ${Object.entries(TURNS).map(([key, options]) => html`
        <${Pick} key=${key} id=${`te-${key}`} word=${words[key]} value=${element[key] ?? options[0]} options=${options.map((name) => [name, t(words[name])])} onChange=${(value) => onChange({ [key]: value })} />`)}
    </div>
    <${Switch} label=${t(words.struck)} checked=${element.struck ?? false} onChange=${(struck) => onChange({ struck })} />`;
};

const PriceFields = ({ element, onChange }) => html`
  <div class="field-grid">
    <${Num} id="te-price-max" word=${words.maxPx} least=${8} most=${400} value=${element.max_px ?? 46} onChange=${(max_px) => max_px && onChange({ max_px })} />
    <${Num} id="te-price-min" word=${words.minPx} least=${8} most=${400} value=${element.min_px ?? 30} onChange=${(min_px) => min_px && onChange({ min_px })} />
    <${Pick} id="te-price-align" word=${words.align} value=${element.align ?? 'right'} options=${TURNS.align.map((name) => [name, t(words[name])])} onChange=${(align) => onChange({ align })} />
  </div>`;

const QrFields = ({ element, onChange }) => {
  const field = useRef(null);
  return html`
    <${Field} label=${t(words.qrText)} id="te-qr"><input id="te-qr" ref=${field} maxlength="200" value=${element.text} onInput=${(event) => event.currentTarget.value && onChange({ text: event.currentTarget.value })} /><//>
    <${Inserts} into=${field} onInsert=${(text) => onChange({ text })} />
    <${Num} id="te-qr-module" word=${words.modulePx} least=${1} most=${8} value=${element.min_module_px ?? 2} onChange=${(min_module_px) => min_module_px && onChange({ min_module_px })} />`;
};

const OWN = {
  text: TextFields, price: PriceFields, qr: QrFields,
  barcode: ({ element, onChange }) => html`
    <div class="field-grid">
      <${Num} id="te-module" word=${words.modulePx} least=${1} most=${8} value=${element.module_px ?? 2} onChange=${(module_px) => module_px && onChange({ module_px })} />
      <${Num} id="te-digits" word=${words.digitsPx} least=${8} most=${40} value=${element.digits_px ?? null} onChange=${(digits_px) => onChange({ digits_px })} />
    </div>`,
  box: ({ element, onChange }) => html`<${Num} id="te-border" word=${words.borderPx} least=${1} most=${50} value=${element.border_px ?? null} onChange=${(border_px) => onChange({ border_px })} />`,
  line: () => null,
};

const conditionOf = ({ when, unless }) => (when ? `when ${when}` : unless ? `unless ${unless}` : '');

const Condition = ({ element, onChange }) => {
  const options = [['', t(words.always)], ...['when', 'unless'].flatMap((kind) => Object.entries(fields).map(([name, word]) => [`${kind} ${name}`, t(words[kind], { field: t(word) })]))];
  const choose = (value) => {
    const [kind, name] = value.split(' ');
    onChange({ when: kind === 'when' ? name : null, unless: kind === 'unless' ? name : null });
  };
  return html`<${Pick} id="te-condition" word=${words.shownWhen} value=${conditionOf(element)} options=${options} onChange=${choose} />`;
};

/** @param {{template: object, place: number, onChange: (change: object) => void}} props */
export const ElementForm = ({ template, place, onChange }) => {
  const element = template.elements[place];
  const Own = OWN[element.kind];
  const ids = idsBefore(template, place);
  const hasColour = !['barcode', 'qr'].includes(element.kind);
  const setSide = (at) => (value) => value != null && onChange({ box: movedBox(element.box.map((one, side) => (side === at ? value : one)), {}, template) });
  return html`
    <div class="te-form">
      <div class="te-box-fields">${SIDES.map((side, at) => html`<${Num} key=${side} id=${`te-${side}`} word=${words[side]} value=${element.box[at]} onChange=${setSide(at)} />`)}</div>
      <${Own} element=${element} onChange=${onChange} />
      <div class="field-grid">
        ${hasColour && html`<${Pick} id="te-colour" word=${words.colour} value=${element.colour ?? 'black'} options=${INKS[template.palette ?? 'bw'].map((name) => [name, t(colours[name])])} onChange=${(colour) => onChange({ colour })} />`}
        <${Condition} element=${element} onChange=${onChange} />
        ${['text', 'price'].includes(element.kind) && ids.length > 0 && html`
          <${Pick} id="te-under" word=${words.under} value=${element.under ?? ''} options=${[['', t(words.underNone)], ...ids.map((id) => [id, id])]} onChange=${(under) => onChange({ under: under || null })} />`}
      </div>
    </div>`;
};
