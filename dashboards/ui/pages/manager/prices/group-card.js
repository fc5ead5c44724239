/** Many prices changed together, as they travel: how many everybody confirmed, each to be opened. */
import { html, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { when } from '../../../core/format.js';
import { href } from '../../../core/route.js';
import { begins_ms } from '../../../core/store.js';
import { ChangeCard } from '../../../parts/timeline.js';
import { Icon } from '../../../parts/icon.js';
import { reasonText } from '../../../parts/reason.js';
import manager from '../../../words/manager.js';
import words from '../../../words/prices.js';

const FINAL = ['confirmed', 'superseded'];

/** @param {{group: import('./groups.js').Group, onUndo: (change: object) => void, onRetire: (till: string) => void}} props */
export function GroupCard({ group, onUndo, onRetire }) {
  const [isOpen, setOpen] = useState(false);
  const total = group.changes.length;
  const done = group.changes.filter((change) => FINAL.includes(change.state)).length;
  const said = t(words.groupConfirmed, { done, total });
  return html`
    <article class="change" data-state=${done === total ? 'confirmed' : 'published'} data-group=${group.group}>
      <header class="change-head">
        <div>
          <h3>${t(words.pricesTogether, { count: total })}</h3>
          <p class="muted">${t(manager.by, { name: group.by, time: when(begins_ms(group)) })} · ${t(manager.book, { version: group.book_version })}${group.reason && ` · ${reasonText(group.reason)}`}</p>
        </div>
      </header>
      <div class="progress"><progress max=${total} value=${done} aria-label=${said}></progress><span>${said}</span></div>
      <footer class="change-foot">
        <p></p>
        <button class="button" data-look="quiet" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${t(words.showChanges)} <${Icon} name=${isOpen ? 'up' : 'down'} size=${16} /></button>
        <a class="button" data-look="quiet" href=${href('prices', 'versions')}><${Icon} name="undo" size=${16} /> ${t(words.backToBefore)}</a>
      </footer>
      ${isOpen && html`<div class="group-changes">${group.changes.map((change) => html`<${ChangeCard} key=${change.id} change=${change} onUndo=${onUndo} onRetire=${onRetire} />`)}</div>`}
    </article>`;
}
