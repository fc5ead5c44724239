/** Sending a sound file, with its progress. */
import { html, useState, useRef } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { upload, path, sentence } from '../../core/api.js';
import { percent, bytes } from '../../core/format.js';
import { storeId } from '../../core/store.js';
import { Card, Field } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { toast } from '../../parts/toast.js';
import words from '../../words/manager.js';

export function UploadCard({ onUploaded }) {
  const [file, setFile] = useState(null);
  const [title, setTitle] = useState('');
  const [share, setShare] = useState(null);
  const [error, setError] = useState(null);
  const [over, setOver] = useState(false);
  const form = useRef(null);

  const choose = (chosen) => {
    if (!chosen) return;
    setFile(chosen);
    setError(null);
    setTitle((old) => old || chosen.name.replace(/\.[^.]+$/, ''));
  };

  async function onSubmit(event) {
    event.preventDefault();
    const body = new FormData();
    body.append('file', file);
    body.append('title', title.trim());
    setShare(0);
    setError(null);
    try {
      const asset = await upload(path(['api', 'stores', storeId.value, 'assets']), body, setShare);
      toast(t(words.uploaded, { title: asset.title }));
      form.current.reset();
      setFile(null);
      setTitle('');
      onUploaded();
    } catch (problem) {
      setError(problem);
    } finally {
      setShare(null);
    }
  }
  const onDrop = (event) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files[0]);
  };

  return html`
    <${Card} title=${t(words.upload)}>
      <form class="upload" ref=${form} onSubmit=${onSubmit}>
        <label class="drop" data-over=${over} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
          <input class="visually-hidden" type="file" accept=".wav,.flac,.mp3,.ogg,audio/*" onChange=${(event) => choose(event.currentTarget.files[0])} />
          <${Icon} name="upload" size=${24} />
          <span><b>${file ? file.name : t(words.chooseFile)}</b><small>${file ? bytes(file.size) : t(words.uploadNote)}</small></span>
        </label>
        ${file && html`
          <${Field} label=${t(words.title)} id="asset-title"><input id="asset-title" required maxlength="80" value=${title} onInput=${(event) => setTitle(event.currentTarget.value)} /><//>
          ${share != null
            ? html`<div class="progress"><progress max="1" value=${share} aria-label=${t(words.upload)}></progress><span>${t(words.uploading, { share: percent(share) })}</span></div>`
            : html`<button class="button" data-look="primary">${t(words.send)}</button>`}`}
        ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      </form>
    <//>`;
}
