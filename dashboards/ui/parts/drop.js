/** A place to choose files, or to let them fall on. */
import { html, useState } from '../core/html.js';
import { Icon } from './icon.js';

/** @param {{id: string, title: string, note: string, accept: string, multiple?: boolean, onFiles: (files: File[]) => void}} props */
export const Drop = ({ id, title, note, accept, multiple = false, onFiles }) => {
  const [isOver, setOver] = useState(false);
  const onDrop = (event) => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return html`
    <label class="drop" data-over=${isOver} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${onDrop}>
      <input class="visually-hidden" id=${id} type="file" accept=${accept} multiple=${multiple} onChange=${(event) => onFiles([...event.currentTarget.files])} />
      <${Icon} name="upload" size=${24} /><span><b>${title}</b><small>${note}</small></span>
    </label>`;
};
