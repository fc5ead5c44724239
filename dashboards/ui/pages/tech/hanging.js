/** Labels that come and go: hang a new one, replace a broken one, take one down. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, fieldOf, path, post, sentence } from '../../core/api.js';
import { storeId } from '../../core/store.js';
import { Confirm } from '../../parts/confirm.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/bits.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/tech.js';

const PANELS = ['296x128 bw', '296x128 bwr', '250x122 bw', '400x300 bwry'];
const HANG = [['address', words.newAddress, 'F0:00:00:00:00:2A'], ['product', words.hangProduct, '6901234567892'], ['beside', words.beside, 'label-07']];

/** A form in a dialog that says what was wrong beside the field that is at fault. */
function Scanned({ title, note, fields, action, onSend, onClose, children }) {
  const [said, setSaid] = useState({});
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const wrong = fieldOf(error);
  async function onSubmit(event) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await onSend(said);
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form class="claim-form" onSubmit=${onSubmit}>
        <p class="muted">${note}</p>
        ${fields.map(([name, word, example], place) => html`
          <${Field} key=${name} label=${t(word)} id=${`hang-${name}`} error=${wrong === name ? sentence(error) : ''}>
            <input id=${`hang-${name}`} autocomplete="off" spellcheck=${false} autofocus=${place === 0} placeholder=${example} required=${name !== 'beside'} aria-invalid=${wrong === name} value=${said[name] ?? ''}
              onInput=${(event) => setSaid({ ...said, [name]: event.currentTarget.value.trim() })} /><//>`)}
        ${children?.({ said, setSaid })}
        ${error && !fields.some(([name]) => name === wrong) && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        <footer class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button><button class="button" data-look="primary" disabled=${busy}>${action}</button></footer>
      </form>
    <//>`;
}

export const HangDialog = ({ onClose }) => html`
  <${Scanned} title=${t(words.hang)} note=${t(words.hangNote)} fields=${HANG} action=${t(words.hang)} onClose=${onClose}
    onSend=${async (said) => {
      const label = await post('/api/labels', { store: storeId.value, panel: PANELS[0], ...said, beside: said.beside || null });
      toast(t(words.hung, { label: label.id, name: t(label.name) }));
    }}>${({ said, setSaid }) => html`
      <${Field} label=${t(words.panel)} id="hang-panel">
        <select id="hang-panel" value=${said.panel ?? PANELS[0]} onChange=${(event) => setSaid({ ...said, panel: event.currentTarget.value })}>
          ${PANELS.map((panel) => html`<option key=${panel} value=${panel}>${panel}</option>`)}</select><//>`}<//>`;

export const ReplaceDialog = ({ label, onClose }) => html`
  <${Scanned} title=${t(words.replaceOne, { label: label.id })} note=${t(words.replaceNote)} fields=${HANG.slice(0, 1)} action=${t(words.replace)} onClose=${onClose}
    onSend=${async (said) => {
      await post(path(['api', 'labels', label.id, 'replace']), { store: storeId.value, ...said });
      toast(t(words.replaced, { label: label.id }));
    }} />`;

export const TakeDownDialog = ({ label, onClose }) => html`
  <${Confirm} tone="danger" title=${t(words.takeDownOne, { label: label.id })} note=${t(words.takeDownNote)} action=${t(words.takeDown)} onClose=${onClose}
    onDo=${async () => {
      await del(path(['api', 'labels', label.id], { store: storeId.value }));
      toast(t(words.takenDown, { label: label.id }));
    }} />`;
