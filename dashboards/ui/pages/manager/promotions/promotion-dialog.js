/** Making or changing a promotion: what, for whom, from when to when; said in a sentence and tried on recent baskets. */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { put, path, sentence } from '../../../core/api.js';
import { serverNow } from '../../../core/clock.js';
import { localValue, midnight, readLocal } from '../../../core/moment.js';
import { storeId } from '../../../core/store.js';
import { Dialog } from '../../../parts/dialog.js';
import { Field } from '../../../parts/bits.js';
import { toast } from '../../../parts/toast.js';
import { Effect } from '../prices/effect.js';
import { useTrial } from '../prices/trial.js';
import { NEW, fieldsOf, ruleOf, wrongFields } from './kinds.js';
import { promotionWord, ruleWord } from './sentence.js';
import { RuleFields } from './rule-fields.js';
import { WhoFields, whoBody, whoOf, wrongWho } from './who-fields.js';
import common from '../../../words/common.js';
import manager from '../../../words/manager.js';
import words from '../../../words/promotions.js';

/** Fields to their inputs, in the order of the form. */
const ORDER = ['category', 'product', 'threshold', 'buy', 'get', 'quantity', 'from', 'percent', 'amount', 'price', 'starts', 'ends', 'tiers', 'coupon', 'zh', 'en'];

/** The API's field to ours; what is in none of them is said at the end of the form. */
function ownField(field = '') {
  const last = field.split('.').at(-1);
  return { starts_ms: 'starts', ends_ms: 'ends', zh: 'zh', en: 'en', amount_minor: 'amount', percent_bp: 'percent', price_minor: 'price', threshold_minor: 'threshold', coupon: 'coupon', tiers: field === 'tiers' ? 'tiers' : undefined }[last];
}

const newId = () => `promo-${Date.now().toString(36)}`;

function wrongPeriod(starts_ms, ends_ms) {
  const wrong = {};
  if (Number.isNaN(starts_ms)) wrong.starts = t(words.timeWrong);
  if (Number.isNaN(ends_ms)) wrong.ends = t(words.timeWrong);
  else if (ends_ms <= starts_ms) wrong.ends = t(words.endsEarly);
  else if (ends_ms <= serverNow()) wrong.ends = t(words.endsPast);
  return wrong;
}

const Moment = ({ name, word, value, error, onChange }) => html`
  <${Field} label=${t(word)} id=${`promotion-${name}`} error=${error}>
    <input id=${`promotion-${name}`} type="datetime-local" required aria-invalid=${Boolean(error)} aria-describedby=${error ? `promotion-${name}-note` : undefined} value=${value} onInput=${(event) => onChange(event.currentTarget.value)} />
  <//>`;

const Name = ({ code, lang, word, value, error, onChange }) => html`
  <${Field} label=${t(word)} id=${`promotion-${code}`} error=${error}>
    <input id=${`promotion-${code}`} lang=${lang} maxlength="100" aria-invalid=${Boolean(error)} aria-describedby=${error ? `promotion-${code}-note` : undefined} value=${value} onInput=${(event) => onChange(event.currentTarget.value)} />
  <//>`;

/** @param {{promotion: object|null, onDone: () => void, onClose: () => void}} props null makes a new one */
export function PromotionDialog({ promotion, onDone, onClose }) {
  const [id] = useState(() => promotion?.id ?? newId());
  const [fields, setFields] = useState(() => (promotion ? fieldsOf(promotion.rule) : NEW));
  const [who, setWho] = useState(() => whoOf(promotion));
  const [starts, setStarts] = useState(() => localValue(promotion?.starts_ms ?? serverNow()));
  const [ends, setEnds] = useState(() => localValue(promotion?.ends_ms ?? midnight(serverNow(), 8)));
  // Until somebody types one, the name is what the rule says.
  const [names, setNames] = useState(() => ({ zh: null, en: null, ...promotion?.name }));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);

  const [starts_ms, ends_ms] = [readLocal(starts), readLocal(ends)];
  const faults = wrongFields(fields);
  const isWhole = Object.keys(faults).length === 0;
  const rule = fields.kind === null ? promotion.rule : isWhole ? ruleOf(fields) : null;
  const said = rule && ruleWord(rule);
  const name = { zh: (names.zh ?? said?.zh ?? '').trim(), en: (names.en ?? said?.en ?? '').trim() };
  const wrong = { ...faults, ...wrongPeriod(starts_ms, ends_ms), ...wrongWho(who) };
  // The set of products has one input or the other.
  if (wrong.products) wrong.category = wrong.product = wrong.products;
  for (const code of ['zh', 'en']) if (rule && !name[code]) wrong[code] = t(words.nameWrong);
  const first = ORDER.find((field) => wrong[field] && field !== 'products');

  const refused = error && ownField(error.field);
  const shown = { ...(tried ? wrong : {}), ...(refused ? { [refused]: sentence(error) } : {}) };
  const body = rule && !first ? { ...promotion, id, name, starts_ms, ends_ms, rule, ...whoBody(who) } : null;
  const trial = useTrial(path(['api', 'stores', storeId.value, 'promotions', 'try']), body && { promotion: body });
  const change = (set) => (value) => {
    set(value);
    setError(null);
  };

  async function onSubmit(event) {
    event.preventDefault();
    setTried(true);
    if (!body) {
      const inputs = ORDER.filter((field) => wrong[field]).map((field) => event.currentTarget.querySelector(`#promotion-${field}`));
      inputs.find(Boolean)?.focus();
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await put(path(['api', 'stores', storeId.value, 'promotions', id]), { promotion: body });
    } catch (problem) {
      setBusy(false);
      setError(problem);
      return;
    }
    toast(t(words.saved, { name: t(name) }));
    onDone();
    onClose();
  }

  return html`
    <${Dialog} title=${t(promotion ? words.edit : words.add)} wide onClose=${onClose}>
      <form class="sheet" onSubmit=${onSubmit} novalidate>
        <div class="sheet-fields">
          ${fields.kind === null ? html`<p class="price-when">${t(words.kindOther)}</p>` : html`<${RuleFields} fields=${fields} wrong=${shown} onChange=${change(setFields)} />`}
          <div class="field-grid">
            <${Moment} name="starts" word=${words.starts} value=${starts} error=${shown.starts} onChange=${change(setStarts)} />
            <${Moment} name="ends" word=${words.ends} value=${ends} error=${shown.ends} onChange=${change(setEnds)} />
          </div>
          <${WhoFields} who=${who} wrong=${shown} onChange=${change(setWho)} />
          <div>
            <div class="field-grid">
              <${Name} code="zh" lang="zh-CN" word=${words.nameZh} value=${names.zh ?? said?.zh ?? ''} error=${shown.zh} onChange=${(zh) => change(setNames)({ ...names, zh })} />
              <${Name} code="en" lang="en" word=${words.nameEn} value=${names.en ?? said?.en ?? ''} error=${shown.en} onChange=${(en) => change(setNames)({ ...names, en })} />
            </div>
            <p class="field-note">${t(words.names)}</p>
          </div>
          ${error && !refused && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        </div>
        <div class="sheet-side">
          <p class="promotion-says" role="status"><b>${t(words.says)}</b> ${body ? t(promotionWord(body)) : t(words.unfinished)}</p>
          <${Effect} trial=${trial} />
        </div>
        <footer class="dialog-foot">
          <button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${busy}>${t(busy ? manager.publishing : promotion ? common.save : words.create)}</button>
        </footer>
      </form>
    <//>`;
}
