/** A model is added: its manifest and its weights, checked by the cloud before it is kept. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { sentence, upload } from '../../core/api.js';
import { bytes, percent } from '../../core/format.js';
import { Dialog } from '../../parts/dialog.js';
import { Drop } from '../../parts/drop.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/models.js';

export function ModelDialog({ onClose, onDone }) {
  const [manifest, setManifest] = useState(null);
  const [weights, setWeights] = useState(null);
  const [share, setShare] = useState(null);
  const [error, setError] = useState(null);

  async function onSubmit(event) {
    event.preventDefault();
    const form = new FormData();
    form.append('manifest', manifest);
    form.append('weights', weights);
    setShare(0);
    setError(null);
    try {
      toast(t(words.added, await upload('/api/models', form, setShare)));
      onDone();
      onClose();
    } catch (problem) {
      setError(problem);
      setShare(null);
    }
  }

  const file = (id, chosen, onChosen, title, note, accept) => html`
    <div class="field"><${Drop} id=${id} accept=${accept} title=${chosen ? chosen.name : title} note=${chosen ? bytes(chosen.size) : note} onFiles=${([one]) => one && onChosen(one)} /></div>`;

  return html`
    <${Dialog} title=${t(words.add)} onClose=${onClose}>
      <form onSubmit=${onSubmit}>
        ${file('model-manifest', manifest, setManifest, t(words.chooseManifest), t(words.manifestNote), '.json,application/json')}
        ${file('model-weights', weights, setWeights, t(words.chooseWeights), t(words.weightsNote), '.onnx')}
        ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        ${share != null && html`<div class="progress"><progress max="1" value=${share} aria-label=${t(words.sending)}></progress><span>${share < 1 ? percent(share) : t(words.checking)}</span></div>`}
        <footer class="dialog-foot">
          <button class="button" type="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${share != null || !manifest || !weights}>${t(words.add)}</button>
        </footer>
      </form>
    <//>`;
}
