/** How far an import is: sent, read, checked, published. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { percent, number } from '../../../core/format.js';
import { Card } from '../../../parts/bits.js';
import words from '../../../words/books.js';

const SAID = {
  reading: () => t(words.reading),
  checking: ({ done, of }) => t(words.checking, { done: number(done), of: number(of) }),
  publishing: () => t(words.publishing),
};

export function Progress({ one }) {
  const { share, progress } = one;
  const said = share < 1 ? t(words.sending, { share: percent(share) }) : (SAID[progress?.state] ?? SAID.reading)(progress ?? {});
  const value = share < 1 ? share : progress?.state === 'checking' && progress.of ? progress.done / progress.of : undefined;
  return html`
    <${Card} title=${one.name}>
      <div class="progress"><progress max="1" value=${value} aria-label=${one.name}></progress><span role="status">${said}</span></div>
      ${share >= 1 && html`<p class="muted">${t(words.leaveNote)}</p>`}
    <//>`;
}
