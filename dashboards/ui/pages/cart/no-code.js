/** What has no code: the cart looks at what is before its camera, and the shopper says which it is. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post } from '../../core/api.js';
import { percent } from '../../core/format.js';
import { Dialog } from '../../parts/dialog.js';
import { Empty, Failed, Loading } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { complain } from '../../parts/toast.js';
import words from '../../words/teach.js';

/** A shopper is asked among these: likely ones that the store has taught. */
const LEAST = 0.05;

function Choice({ onClose }) {
  const [answer, setAnswer] = useState(null);
  const [error, setError] = useState(null);
  const look = () => {
    setError(null);
    post('/api/recognise').then(setAnswer, setError);
  };
  useEffect(look, []);
  const known = (answer?.top ?? []).filter((one) => one.gtin && one.p >= LEAST);
  const add = (one) => post('/api/basket/add', { gtin: one.gtin }).then(onClose, complain);
  return html`
    <${Dialog} title=${t(answer ? words.isIt : words.looking)} onClose=${onClose}>
      ${error ? html`<${Failed} error=${error} onRetry=${look} />` : !answer ? html`<${Loading} rows=${2} />`
        : known.length === 0 ? html`<${Empty} icon="camera" title=${t(words.ask)} />`
        : html`<ul class="guesses">${known.map((one) => html`<li key=${one.gtin}><button class="button" data-size="large" onClick=${() => add(one)}><b>${t(one.name)}</b><span>${percent(one.p)}</span></button></li>`)}</ul>`}
      <footer class="dialog-foot"><button class="button" onClick=${onClose}>${t(words.close)}</button></footer>
    <//>`;
}

export function NoCode() {
  const [open, setOpen] = useState(false);
  return html`
    <button class="button no-code" onClick=${() => setOpen(true)}><${Icon} name="search" size=${18} /> ${t(words.noCode)}</button>
    ${open && html`<${Choice} onClose=${() => setOpen(false)} />`}`;
}
