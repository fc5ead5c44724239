/** Why a price changes: typed, or one of the common reasons. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { Field } from '../../../parts/bits.js';
import common from '../../../words/common.js';
import words from '../../../words/manager.js';

const REASONS = [words.reasonPromo, words.reasonCost, words.reasonFresh, words.reasonFix];

export const ReasonField = ({ value, onChange }) => html`
  <${Field} label=${t(common.reason)} id="reason">
    <input id="reason" maxlength="120" autocomplete="off" placeholder=${t(words.reasonHint)} value=${value} onInput=${(event) => onChange(event.currentTarget.value)} />
  <//>
  <div class="chips" role="group" aria-label=${t(words.reasons)}>
    ${REASONS.map((word) => html`<button type="button" class="chip" key=${word.en} aria-pressed=${value === t(word)} onClick=${() => onChange(t(word))}>${t(word)}</button>`)}
  </div>`;
