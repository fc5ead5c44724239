/** "Are you sure?", with what will happen. */
import { html, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { sentence } from '../core/api.js';
import { Dialog } from './dialog.js';
import words from '../words/common.js';

/** @param {{title: string, note: string, action: string, tone?: 'primary'|'danger', onDo: () => Promise<void>, onClose: () => void, children?: any}} props */
export function Confirm({ title, note, action, tone = 'primary', onDo, onClose, children }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  async function act() {
    setBusy(true);
    setError(null);
    try {
      await onDo();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      ${children}
      <p>${note}</p>
      ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      <footer class="dialog-foot">
        <button class="button" onClick=${onClose}>${t(words.cancel)}</button>
        <button class="button" data-look=${tone} autofocus disabled=${busy} onClick=${act}>${action}</button>
      </footer>
    <//>`;
}
