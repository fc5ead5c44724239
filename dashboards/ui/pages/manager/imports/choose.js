/** Choosing a price list, by hand or by dropping it. */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { sentence } from '../../../core/api.js';
import { bytes } from '../../../core/format.js';
import { storeId } from '../../../core/store.js';
import { Card } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import { runImport } from './running.js';
import words from '../../../words/books.js';

const MOST_BYTES = 64 * 1024 * 1024;

function wrongFile(file) {
  if (!/\.(csv|json)$/i.test(file.name)) return t(words.wrongFile);
  return file.size > MOST_BYTES ? t(words.tooBig) : null;
}

/** @param {{failed?: {error: Error}|null}} props `failed`: the import before, when nothing came of it */
export function Choose({ failed }) {
  const [file, setFile] = useState(null);
  const [over, setOver] = useState(false);
  const wrong = file && wrongFile(file);
  const choose = (chosen) => chosen && setFile(chosen);
  const onDrop = (event) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files[0]);
  };
  const onSubmit = (event) => {
    event.preventDefault();
    if (file && !wrong) runImport(storeId.value, file);
  };
  return html`
    <${Card} title=${t(words.importTitle)}>
      <form class="upload" onSubmit=${onSubmit}>
        <label class="drop" data-size="large" data-over=${over} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
          <input class="visually-hidden" type="file" accept=".csv,.json,text/csv,application/json" aria-describedby=${wrong ? 'import-wrong' : undefined} onChange=${(event) => choose(event.currentTarget.files[0])} />
          <${Icon} name="upload" size=${28} />
          <span><b>${file ? file.name : t(words.choose)}</b><small>${file ? bytes(file.size) : t(words.chooseNote)}</small></span>
        </label>
        ${wrong && html`<p class="field-error" id="import-wrong" role="alert">${wrong}</p>`}
        ${!file && failed?.error && html`<div class="failed-note" role="alert"><p class="field-error">${t(words.failed, { message: sentence(failed.error) })}</p><p class="muted">${t(words.failedNote)}</p></div>`}
        ${file && !wrong && html`<button class="button" data-look="primary">${t(words.start)}</button>`}
      </form>
    <//>`;
}
