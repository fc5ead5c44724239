/** Dead letters: messages that could not be understood, with the reason. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { when } from '../../core/format.js';
import { Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { useLiveList } from './live-list.js';
import words from '../../words/hq.js';

const Letter = ({ letter }) => html`
  <li class="letter">
    <p class="letter-head"><b>${letter.reason}</b><span>${when(letter.at_ms)}</span></p>
    <p class="muted">${letter.device || '—'} · <code>${letter.topic}</code></p>
    ${letter.bytes_hex && html`<details><summary>${t(words.bytes)}</summary><pre>${letter.bytes_hex.replace(/(..)/g, '$1 ')}</pre></details>`}
  </li>`;

export function DeadLetters() {
  const load = useLiveList('/api/deadletters', 'deadletter');
  return html`
    <${Card} title=${t(words.deadLetters)} flush className="wide-card">
      <${Loaded} load=${load} empty=${html`<${Empty} icon="mail" title=${t(words.noLetters)} note=${t(words.noLettersNote)} />`}>
        ${(letters) => html`<ul class="letters" aria-label=${t(words.deadLetters)}>${letters.map((letter) => html`<${Letter} key=${letter.id} letter=${letter} />`)}</ul>`}
      <//>
    <//>`;
}
