/** Copying a text, with an answer. */
import { html, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { Icon } from './icon.js';
import words from '../words/common.js';

const STAY_MS = 1600;

/** Without a secure context (http on the store's network) there is no clipboard object: the older way then. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'visually-hidden' });
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

export function CopyButton({ text }) {
  const [copied, setCopied] = useState(false);
  const act = async () => {
    await copy(text);
    setCopied(true);
    setTimeout(() => setCopied(false), STAY_MS);
  };
  return html`<button class="button" data-size="small" type="button" onClick=${act}><${Icon} name=${copied ? 'check' : 'copy'} size=${16} /> <span role="status">${t(copied ? words.copied : words.copy)}</span></button>`;
}
