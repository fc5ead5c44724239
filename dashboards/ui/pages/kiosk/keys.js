/** A keyboard on the glass. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { Icon } from '../../parts/icon.js';
import words from '../../words/edge.js';

const ROWS = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];

export const Keys = ({ onKey, onBack, onHide }) => html`
  <div class="keys" role="group" aria-label=${t(words.keyboard)}>
    ${ROWS.map((row, index) => html`
      <div class="key-row" key=${row}>
        ${[...row].map((letter) => html`<button key=${letter} onClick=${() => onKey(letter)}>${letter}</button>`)}
        ${index === ROWS.length - 1 && html`<button class="key-wide" aria-label=${t(words.backspace)} onClick=${onBack}><${Icon} name="backspace" size=${28} /></button>`}
      </div>`)}
    <div class="key-row"><button class="key-space" onClick=${() => onKey(' ')}>${t(words.space)}</button><button class="key-wide" aria-label=${t(words.keyboard)} aria-expanded="true" onClick=${onHide}><${Icon} name="down" size=${28} /></button></div>
  </div>`;
