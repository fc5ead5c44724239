/** A price that looks like a slip is asked about once more before it is sent. */
import { html } from '../../../core/html.js';
import { Icon } from '../../../parts/icon.js';

/** @param {{text: string, check: string, isChecked: boolean, onCheck: (is: boolean) => void}} props */
export const Guard = ({ text, check, isChecked, onCheck }) => html`
  <div class="guard" role="alert">
    <p><${Icon} name="alert" /> ${text}</p>
    <label class="check"><input type="checkbox" checked=${isChecked} onChange=${(event) => onCheck(event.currentTarget.checked)} /> ${check}</label>
  </div>`;
