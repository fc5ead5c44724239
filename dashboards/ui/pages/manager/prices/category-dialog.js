/** One rule for a whole category: tried on every product and on recent baskets before it is published. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, post, path, sentence, fieldOf } from '../../../core/api.js';
import { dateTime } from '../../../core/format.js';
import { storeId } from '../../../core/store.js';
import { useLoad } from '../../../core/load.js';
import { Dialog } from '../../../parts/dialog.js';
import { Field } from '../../../parts/bits.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { toast } from '../../../parts/toast.js';
import { When, startNow, times, wrongTimes } from '../../../parts/when.js';
import { Effect } from './effect.js';
import { Guard } from './guard.js';
import { askChanges, takeBack } from './planned.js';
import { ReasonField } from './reason-field.js';
import { useTrial } from './trial.js';
import common from '../../../words/common.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

const ENDINGS = [['', words.endingNone], ['90', { zh: '.90', en: '.90' }], ['99', { zh: '.99', en: '.99' }], ['0', { zh: '.00', en: '.00' }]];
/** What the API allows, in percent. */
const MOST = { '-1': 90, 1: 100 };

/** Basis points of what was typed, or null when that is no percentage allowed. */
function basisPoints(text, sign) {
  const share = /^\d+([.,]\d{1,2})?$/.test(text.trim()) ? Number(text.trim().replace(',', '.')) : 0;
  return share > 0 && share <= MOST[sign] ? sign * Math.round(share * 100) : null;
}

const say = (count, one, many, values = {}) => t(count === 1 ? one : many, { count, ...values });

function Form({ categories, onClose }) {
  const [category, setCategory] = useState('');
  const [sign, setSign] = useState(-1);
  const [text, setText] = useState('10');
  const [ending, setEnding] = useState('');
  const [when, setWhen] = useState(startNow);
  const [reason, setReason] = useState('');
  const [isChecked, setChecked] = useState(false);
  const [isSuspicious, setSuspicious] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);

  useEffect(() => document.getElementById('category').focus(), []);

  const percent_bp = basisPoints(text, sign);
  const isPlanned = when.mode === 'at';
  const wrong = { ...wrongTimes(when) };
  if (!category) wrong.category = t(words.pickCategory);
  if (percent_bp == null) wrong.percent = t(words.percentWrong, { most: MOST[sign] });
  if (isSuspicious && !isChecked) wrong.large = t(manager.mustCheck);
  const INPUTS = { category: '#category', percent: '#percent', large: '.guard input', at: '#when-at', until: '#when-until' };
  const first = Object.keys(INPUTS).find((field) => wrong[field]);
  const refused = error && { effective_ms: 'at', until_ms: 'until', percent_bp: 'percent', category: 'category' }[fieldOf(error)];
  const said = (field) => (tried && wrong[field]) || (refused === field && (error.code === 'same' ? t(words.noneChanges) : sentence(error))) || null;

  const target = path(['api', 'stores', storeId.value, 'prices', 'batch']);
  const rule = { category, percent_bp, ending_minor: ending === '' ? null : Number(ending) };
  const trial = useTrial(`${target}/try`, category && percent_bp != null ? rule : null);
  const count = trial.state === 'known' ? trial.data?.products : null;

  const restart = (set) => (value) => {
    set(value);
    setError(null);
    setSuspicious(false);
    setChecked(false);
  };

  async function onSubmit(event) {
    event.preventDefault();
    setTried(true);
    if (first) {
      event.currentTarget.querySelector(INPUTS[first])?.focus();
      return undefined;
    }
    setBusy(true);
    setError(null);
    let made;
    try {
      made = await post(target, { ...rule, reason: reason.trim(), confirm_large: isChecked, ...times(when) });
    } catch (problem) {
      setBusy(false);
      if (problem.code === 'suspicious') return setSuspicious(true);
      return setError(problem);
    }
    // A return to the prices before is a change of its own: half of them then.
    const prices = when.hasEnd ? made.changes / 2 : made.changes;
    const undo = { word: t(words.takeBack), about: made.group, act: () => takeBack(made.group) };
    if (isPlanned) toast(say(prices, words.plannedManyOne, words.plannedMany, { time: dateTime(times(when).effective_ms) }), 'done', undo);
    else toast(say(prices, words.publishedManyOne, words.publishedMany));
    askChanges();
    return onClose();
  }

  let action = t(isPlanned ? words.plan : manager.publish);
  if (busy) action = t(manager.publishing);
  else if (count) action = isPlanned ? say(count, words.planManyOne, words.planMany) : say(count, words.publishManyOne, words.publishMany);

  return html`
    <form class="sheet" onSubmit=${onSubmit} novalidate>
      <div class="sheet-fields">
        <${Field} label=${t(words.category)} id="category" error=${said('category')}>
          <select id="category" required aria-invalid=${Boolean(said('category'))} value=${category} onChange=${(event) => restart(setCategory)(event.currentTarget.value)}>
            <option value="">${t(words.pickCategory)}</option>
            ${categories.map((one) => html`<option key=${one} value=${one}>${one}</option>`)}
          </select>
        <//>
        <div class="rule-fields">
          <fieldset class="choices" data-look="row">
            <legend>${t(words.direction)}</legend>
            ${[[-1, words.lower], [1, words.raise]].map(([value, word]) => html`
              <label class="check" key=${value}><input type="radio" name="direction" checked=${sign === value} onChange=${() => restart(setSign)(value)} /> ${t(word)}</label>`)}
          </fieldset>
          <${Field} label=${t(words.percent)} id="percent" error=${said('percent')}>
            <input id="percent" inputmode="decimal" autocomplete="off" aria-invalid=${Boolean(said('percent'))} aria-describedby=${said('percent') ? 'percent-note' : undefined} value=${text} onInput=${(event) => restart(setText)(event.currentTarget.value)} />
          <//>
        </div>
        <fieldset class="choices" data-look="row">
          <legend>${t(words.ending)}</legend>
          ${ENDINGS.map(([value, word]) => html`
            <label class="check" key=${value}><input type="radio" name="ending" checked=${ending === value} onChange=${() => restart(setEnding)(value)} /> ${t(word)}</label>`)}
          ${ending !== '' && html`<p class="field-note">${t(words.endingNote)}</p>`}
        </fieldset>
        <${When} value=${when} onChange=${setWhen} wrong=${{ at: said('at'), until: said('until') }} />
        <${ReasonField} value=${reason} onChange=${setReason} />
        ${isSuspicious && html`<${Guard} text=${t(manager.mustCheck)} check=${t(words.categoryChecked)} isChecked=${isChecked} onCheck=${setChecked} />`}
        ${error && !refused && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      </div>
      <div class="sheet-side">
        <${Effect} trial=${trial} none=${t(words.noneChanges)} />
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button>
        <button class="button" data-look="primary" disabled=${busy}>${action}</button>
      </footer>
    </form>`;
}

/** @param {{onClose: () => void}} props */
export function CategoryDialog({ onClose }) {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'categories'])), [storeId.value]);
  return html`
    <${Dialog} title=${t(words.changeCategory)} wide onClose=${onClose}>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="layers" title=${t(words.noCategories)} />`}>
        ${(categories) => html`<${Form} categories=${categories.filter(Boolean)} onClose=${onClose} />`}
      <//>
    <//>`;
}
