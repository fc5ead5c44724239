/** What the cart asks its shopper: something went in that was not scanned, or is not what was scanned. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { number } from '../../core/format.js';
import { Badge } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { complain } from '../../parts/toast.js';
import words from '../../words/basket.js';

function Question({ question }) {
  const [busy, setBusy] = useState(false);
  const isCheck = question.verdict === 'please-check';
  const say = async (answer) => {
    setBusy(true);
    try {
      await post('/api/basket/answer', { question: question.id, answer });
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  };
  return html`
    <article class="question" data-verdict=${question.verdict} aria-labelledby=${question.id}>
      <span class="question-icon"><${Icon} name=${isCheck ? 'info' : 'barcode'} size=${36} /></span>
      <div class="question-text">
        <h2 id=${question.id}>${isCheck ? t(words.check, { product: t(question.name) || question.gtin }) : t(words.scan)}</h2>
        <p>${t(isCheck ? words.checkNote : words.scanNote)}</p>
      </div>
      <div class="question-buttons">
        ${isCheck && html`<button class="button" data-size="large" disabled=${busy} onClick=${() => say('remove')}>${t(words.remove)}</button>`}
        <button class="button" data-size="large" disabled=${busy} onClick=${() => say('right')}>${t(isCheck ? words.right : words.nothing)}</button>
      </div>
    </article>`;
}

/** What is sold by weight and has to be laid in, so that the cart weighs it. */
const Awaited = ({ awaited }) => html`
  <article class="question" data-verdict="awaited" aria-labelledby="awaited">
    <span class="question-icon"><${Icon} name="lower" size=${36} /></span>
    <div class="question-text"><h2 id="awaited">${t(words.layIn, { product: t(awaited.name) || awaited.gtin })}</h2><p>${t(words.layInNote)}</p></div>
    <div class="question-buttons"><button class="button" data-size="large" onClick=${() => post('/api/basket/unwait').catch(complain)}>${t(words.notNow)}</button></div>
  </article>`;

/** The questions, the oldest first; announced when one comes. */
export const Questions = ({ check }) => html`
  <div class="questions" role="status" aria-live="polite">${check?.awaited && html`<${Awaited} awaited=${check.awaited} />`}${check?.questions.map((question) => html`<${Question} key=${question.id} question=${question} />`)}</div>`;

const FAULTS = { fault: words.fault, drifts: words.fault, silent: words.silent };

/** A line that says so while the scale cannot be believed. */
export const ScaleNote = ({ check }) => (check && FAULTS[check.status]
  ? html`<p class="scale-note"><${Badge} tone="busy" icon="alert">${t(FAULTS[check.status])}<//></p>` : null);

/** For virtual carts: put on the scale what was scanned, something else, or take it out again. */
export function PutIn({ check }) {
  const [last, setLast] = useState(0);
  const put = (grams, gtin) => post('/api/virtual/put', { grams, ...(gtin && { gtin }) }).then(() => setLast(grams), complain);
  if (!check) return null;
  return html`
    <section class="put-in" aria-label=${t(words.scaleTitle)}>
      <h3>${t(words.scaleTitle)} <small>${check.grams == null ? '' : t(words.grams, { grams: number(check.grams) })}</small></h3>
      <div class="buttons">
        <button class="button" disabled=${check.expected_g == null} onClick=${() => put(check.expected_g, check.last)}>${t(words.putIn)}</button>
        <button class="button" onClick=${() => put((check.expected_g ?? 300) + 650)}>${t(words.putOther)}</button>
        <button class="button" disabled=${last <= 0} onClick=${() => put(-last)}>${t(words.takeOut)}</button>
      </div>
    </section>`;
}
