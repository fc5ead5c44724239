/** The parts of a section, side by side: links, so that each can be linked, gone back to and opened by itself. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';
import { href } from '../core/route.js';
import { Icon } from './icon.js';

/** @param {{label: string, tabs: {path: string[], word: object, icon: string, count?: number}[], open: string[]}} props */
export const Tabs = ({ label, tabs, open }) => html`
  <nav class="tabs" aria-label=${label}>
    ${tabs.map(({ path, word, icon, count }) => html`
      <a key=${path.join('/')} href=${href(...path)} aria-current=${path.join('/') === open.join('/') ? 'page' : undefined}>
        <${Icon} name=${icon} size=${18} /><span>${t(word)}</span>${count ? html`<b class="count">${count}</b>` : null}</a>`)}
  </nav>`;
