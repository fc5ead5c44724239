/** The form of one price: what it becomes, when, why, what stands beside it, and what it does before it is sent. */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { post, path, sentence, fieldOf } from '../../../core/api.js';
import { money, difference, percent, plainMoney, readMoney, number } from '../../../core/format.js';
import { storeId } from '../../../core/store.js';
import { Field, Price, Badge } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import { When, startNow, times, wrongTimes } from '../../../parts/when.js';
import { Effect } from './effect.js';
import { Extras, extrasBody, extrasOf, wrongExtras } from './extras.js';
import { Guard } from './guard.js';
import { History } from './history.js';
import { ReasonField } from './reason-field.js';
import { useTrial } from './trial.js';
import common from '../../../words/common.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

/** A rise to ten times (a slipped decimal point) or a fall to a tenth is asked about before it is sent. */
const isLarge = (old_minor, minor) => old_minor > 0 && (minor > old_minor * 10 || minor * 10 < old_minor);

/** The API's field to ours. */
const FIELDS = { price_minor: 'price', member_minor: 'member', was_minor: 'was', effective_ms: 'at', until_ms: 'until' };
/** Our fields to their inputs, in the order of the form. */
const INPUTS = { price: '#new-price', large: '.guard input', at: '#when-at', until: '#when-until', member: '#member-price', was: '#was-price' };

const Difference = ({ from_minor, to_minor }) => {
  const way = to_minor < from_minor ? 'down' : 'up';
  const share = from_minor > 0 ? ` (${to_minor > from_minor ? '+' : '−'}${percent(Math.abs(to_minor / from_minor - 1))})` : '';
  return html`<p class="price-change">${t(manager.change)} <${Badge} tone=${way} icon=${way}>${difference(to_minor - from_minor)}${share}<//></p>`;
};

const largeText = (old_minor, minor) => (minor > old_minor
  ? t(manager.large, { times: number(minor / old_minor, 1) })
  : t(manager.largeDown, { share: percent(1 - minor / old_minor) }));

function note(isPlanned, isUp) {
  if (isPlanned) return t(words.whenPlanned);
  return t(isUp ? manager.whenUp : manager.whenDown);
}

/** @param {{product: object, load: object, onDone: (change: object) => void, onClose: () => void}} props `load`: a `useLoad` of the product's history, which names the lawful reference */
export function PriceForm({ product, load, onDone, onClose }) {
  const lawful = load.data;
  const [text, setText] = useState(plainMoney(product.price_minor));
  const [extras, setExtras] = useState(() => extrasOf(product));
  const [when, setWhen] = useState(startNow);
  const [reason, setReason] = useState('');
  const [isChecked, setChecked] = useState(false);
  const [isSuspicious, setSuspicious] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);

  const minor = readMoney(text);
  const beside = extrasBody(extras, product);
  const isChange = minor != null && minor !== product.price_minor;
  const isNews = isChange || beside.member_minor !== undefined || beside.was_minor !== undefined;
  const large = isChange && (isSuspicious || isLarge(product.price_minor, minor));
  const isPlanned = when.mode === 'at';

  const wrong = { ...wrongTimes(when), ...wrongExtras(extras, product, minor, lawful) };
  if (minor == null) wrong.price = t(manager.notPrice);
  else if (!isNews) wrong.price = t(manager.samePrice);
  if (large && !isChecked) wrong.large = t(manager.mustCheck);
  const first = Object.keys(INPUTS).find((field) => wrong[field]);

  const refused = error && FIELDS[fieldOf(error)];
  const said = (field) => (tried && wrong[field]) || (refused === field && sentence(error)) || null;
  const target = path(['api', 'stores', storeId.value, 'prices']);
  const body = { gtin: product.gtin, price_minor: minor, reason: reason.trim(), confirm_large: isChecked, ...times(when), ...beside };
  const trial = useTrial(`${target}/try`, isChange ? { gtin: product.gtin, price_minor: minor } : null);

  async function onSubmit(event) {
    event.preventDefault();
    setTried(true);
    if (first) {
      event.currentTarget.querySelector(INPUTS[first])?.focus();
      return;
    }
    setBusy(true);
    setError(null);
    try {
      onDone(await post(target, body));
    } catch (problem) {
      setBusy(false);
      if (problem.code === 'suspicious') setSuspicious(true);
      else setError(problem);
    }
  }
  const onInput = (event) => {
    setText(event.currentTarget.value);
    setChecked(false);
    setSuspicious(false);
    setError(null);
  };
  const action = t(isPlanned ? words.plan : manager.publish);

  return html`
    <form class="sheet" onSubmit=${onSubmit} novalidate>
      <div class="sheet-fields">
        <div class="price-compare">
          <div><span>${t(manager.oldPrice)}</span><${Price} minor=${product.price_minor} size="l" /></div>
          <${Icon} name="next" />
          <${Field} label=${t(manager.newPrice)} id="new-price" error=${said('price')} note=${t(manager.newPriceNote)}>
            <input id="new-price" class="price-input" inputmode="decimal" autocomplete="off" autofocus value=${text} onInput=${onInput}
              onFocus=${(event) => event.currentTarget.select()} aria-invalid=${Boolean(said('price'))} aria-describedby="new-price-note" />
          <//>
        </div>
        ${isChange && html`<${Difference} from_minor=${product.price_minor} to_minor=${minor} />`}
        ${large && html`<${Guard} text=${largeText(product.price_minor, minor)} check=${t(manager.checked)} isChecked=${isChecked} onCheck=${setChecked} />`}
        ${tried && wrong.large && html`<p class="field-error" role="alert">${wrong.large}</p>`}
        <${When} value=${when} onChange=${setWhen} wrong=${{ at: said('at'), until: said('until') }} />
        <${ReasonField} value=${reason} onChange=${setReason} />
        <${Extras} extras=${extras} minor=${minor} lawful=${lawful} wrong=${{ member: said('member'), was: said('was') }} onChange=${(next) => { setExtras(next); setError(null); }} />
        <p class="price-when">${note(isPlanned, isChange && minor > product.price_minor)}</p>
        ${error && !refused && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      </div>
      <div class="sheet-side">
        <${Effect} trial=${trial} single />
        <${History} load=${load} product=${product} />
      </div>
      <footer class="dialog-foot">
        <button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button>
        <button class="button" data-look="primary" disabled=${busy}>${busy ? t(manager.publishing) : isChange ? `${action} ${money(minor)}` : action}</button>
      </footer>
    </form>`;
}
