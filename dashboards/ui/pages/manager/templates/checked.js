/** Every product that hangs on a label of this panel, drawn by the template: does each fit? */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { post } from '../../../core/api.js';
import { Icon } from '../../../parts/icon.js';
import { complain } from '../../../parts/toast.js';
import { templatesPath } from './trying.js';
import words from '../../../words/templates.js';

/** @param {{template: object, onPick: (gtin: string) => void}} props */
export function Checked({ template, onPick }) {
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState(null);
  const check = async () => {
    setBusy(true);
    try {
      setFound({ ...(await post(templatesPath('check'), { template })), template });
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  };
  // What was found holds for the template that was checked, and no other.
  const holds = found?.template === template ? found : null;
  return html`
    <div class="te-checked">
      <button type="button" class="button" disabled=${busy} onClick=${check}><${Icon} name="barcode" size=${18} /> ${t(busy ? words.checking : words.check)}</button>
      <div role="status">
        ${holds && (holds.problems.length === 0
          ? html`<p class="te-fits"><${Icon} name="check" size=${18} /> ${t(words.allFit, { count: holds.products })}</p>`
          : html`<p class="field-error">${t(words.someDoNot, { count: holds.problems.length + holds.more })}</p>`)}
      </div>
      ${holds?.problems.length > 0 && html`
        <ul class="picks">${holds.problems.map((one) => html`
          <li key=${one.gtin}><button type="button" class="pick" onClick=${() => onPick(one.gtin)}><span><b>${t(one.name)}</b><small>${one.problem}</small></span></button></li>`)}</ul>`}
    </div>`;
}
