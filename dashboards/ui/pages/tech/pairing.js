/** Scan the product, scan the label: hands stay at the shelf, a scanner types and presses Enter. */
import { html, useRef, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { fieldOf, post, sentence } from '../../core/api.js';
import { labelList, storeId } from '../../core/store.js';
import { Badge, Card, Field } from '../../parts/bits.js';
import { Empty } from '../../parts/states.js';
import { FlashButton } from '../../parts/flash-button.js';
import { Icon } from '../../parts/icon.js';
import { toast } from '../../parts/toast.js';
import { Tasks } from '../../parts/tasks.js';
import { HangDialog, ReplaceDialog, TakeDownDialog } from './hanging.js';
import { labelStates } from '../../words/map.js';
import words from '../../words/tech.js';

const TONES = { shown: 'ok', armed: 'info', pending: 'busy', service: 'busy', failed: 'bad', unknown: 'plain' };
const MOST_SHOWN = 60;

const send = (product, label) => post('/api/labels/pair', { store: storeId.value, product, label });

function Scan({ onPaired }) {
  const product = useRef(null);
  const label = useRef(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);

  /** Enter in the first field leads to the second; in the second it pairs. */
  async function onSubmit(event) {
    event.preventDefault();
    if (!product.current.value.trim()) return product.current.focus();
    if (!label.current.value.trim()) return label.current.focus();
    setBusy(true);
    setError(null);
    try {
      onPaired(await send(product.current.value.trim(), label.current.value.trim()));
      product.current.value = label.current.value = '';
      product.current.focus();
    } catch (problem) {
      setError(problem);
      const wrong = fieldOf(problem) === 'product' ? product.current : label.current;
      wrong.focus();
      wrong.select();
    } finally {
      setBusy(false);
    }
    return null;
  }
  const problemOf = (field) => (fieldOf(error) === field ? sentence(error) : '');
  return html`
    <form class="claim-form" onSubmit=${onSubmit}>
      <p class="muted">${t(words.pairNote)}</p>
      <${Field} label=${t(words.scanProduct)} id="pair-product" error=${problemOf('product')}>
        <input id="pair-product" ref=${product} inputmode="numeric" autocomplete="off" placeholder="6901234567892" aria-describedby="pair-product-note" aria-invalid=${Boolean(problemOf('product'))} /><//>
      <${Field} label=${t(words.scanLabel)} id="pair-label" error=${problemOf('label')}>
        <input id="pair-label" ref=${label} autocomplete="off" spellcheck=${false} placeholder="F0:00:00:00:00:03" aria-describedby="pair-label-note" aria-invalid=${Boolean(problemOf('label'))} /><//>
      ${error && !fieldOf(error) && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      <button class="button" data-look="primary" data-size="large" disabled=${busy}>${t(words.pair)}</button>
    </form>`;
}

const matches = (label, query) => !query || [label.id, label.gtin, label.address, label.name?.zh, label.name?.en]
  .some((text) => text?.toLowerCase().includes(query.toLowerCase()));

const Row = ({ label, onReplace, onTakeDown }) => html`
  <li class="row wrapping">
    <span class="row-icon"><${Icon} name="label" /></span>
    <span class="row-text"><b>${t(label.name)}</b><small>${label.id} · ${label.address} · ${label.gtin}${label.reason ? ` · ${label.reason}` : ''}</small></span>
    <span class="row-side"><${Badge} tone=${TONES[label.state] ?? 'plain'}>${t(labelStates[label.state])}<//> <${FlashButton} label=${label} />
      <button class="icon-button" aria-label=${t(words.replaceOne, { label: label.id })} title=${t(words.replace)} onClick=${() => onReplace(label)}><${Icon} name="undo" size=${18} /></button>
      <button class="icon-button" aria-label=${t(words.takeDownOne, { label: label.id })} title=${t(words.takeDown)} onClick=${() => onTakeDown(label)}><${Icon} name="trash" size=${18} /></button></span>
  </li>`;

export function Pairing() {
  const [query, setQuery] = useState('');
  const [hanging, setHanging] = useState(false);
  const [replacing, setReplacing] = useState(null);
  const [taking, setTaking] = useState(null);
  const onPaired = ({ label, before }) => toast(
    t(words.paired, { label: label.id, name: t(label.name) }),
    'done',
    before === label.gtin ? null : { word: t(words.undo), about: label.id, act: async () => { await send(before, label.id); } },
  );
  const found = labelList.value.filter((label) => matches(label, query.trim()));
  return html`
    <${Tasks} isOfLabels quietly />
    <div class="device-grid">
      <${Card} title=${t(words.pairing)}><${Scan} onPaired=${onPaired} />
        <button class="button" onClick=${() => setHanging(true)}><${Icon} name="plus" size=${18} /> ${t(words.hang)}</button><//>
      <${Card} title=${t(words.labels)} flush side=${html`
        <div class="search" data-size="small"><${Icon} name="search" size=${18} />
          <input type="search" aria-label=${t(words.findLabel)} placeholder=${t(words.findLabel)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>`}>
        ${found.length === 0 && html`<${Empty} icon="label" title=${t(words.noLabels)} />`}
        <ul class="rows">${found.slice(0, MOST_SHOWN).map((label) => html`<${Row} key=${label.id} label=${label} onReplace=${setReplacing} onTakeDown=${setTaking} />`)}</ul>
        ${found.length > MOST_SHOWN && html`<p class="muted list-more">${t(words.moreLabels, { count: found.length - MOST_SHOWN })}</p>`}
      <//>
    </div>
    ${hanging && html`<${HangDialog} onClose=${() => setHanging(false)} />`}
    ${replacing && html`<${ReplaceDialog} label=${replacing} onClose=${() => setReplacing(null)} />`}
    ${taking && html`<${TakeDownDialog} label=${taking} onClose=${() => setTaking(null)} />`}`;
}
