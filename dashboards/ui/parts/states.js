/** What stands where content is not: nothing yet, on its way, or failed. */
import { html } from '../core/html.js';
import { sentence } from '../core/api.js';
import { t } from '../core/i18n.js';
import { Icon } from './icon.js';
import words from '../words/common.js';

/** @param {{icon?: string, title: string, note?: string, children?: any}} props */
export const Empty = ({ icon = 'list', title, note, children }) => html`
  <div class="state">
    <span class="state-icon"><${Icon} name=${icon} size=${28} /></span>
    <p class="state-title">${title}</p>
    ${note && html`<p class="state-note">${note}</p>`}
    ${children}
  </div>`;

export const Failed = ({ error, onRetry }) => html`
  <div class="state" role="alert" data-tone="bad">
    <span class="state-icon"><${Icon} name="alert" size=${28} /></span>
    <p class="state-title">${t(words.failed)}</p>
    <p class="state-note">${sentence(error)}</p>
    ${onRetry && html`<button class="button" onClick=${onRetry}>${t(words.retry)}</button>`}
  </div>`;

export const Loading = ({ rows = 3 }) => html`
  <div class="skeleton" role="status" aria-label=${t(words.loading)}>
    ${Array.from({ length: rows }, (_, row) => html`<span key=${row}></span>`)}
  </div>`;

/** Shows a `useLoad` result: waiting, failed, empty or, through `children(data)`, what there is. */
export function Loaded({ load, empty, rows, children }) {
  if (load.data == null) {
    return load.error ? html`<${Failed} error=${load.error} onRetry=${load.reload} />` : html`<${Loading} rows=${rows} />`;
  }
  if (empty && load.data.length === 0) return empty;
  return children(load.data);
}
