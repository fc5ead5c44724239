/** The frame around every page: mark, page name, store, language, connection, account, sections. */
import { html, useEffect } from '../core/html.js';
import { t, language, speak } from '../core/i18n.js';
import { connection } from '../core/live.js';
import { session, signOut } from '../core/session.js';
import { stores, storeId, openStore } from '../core/store.js';
import { route, href } from '../core/route.js';
import { Icon } from './icon.js';
import { Gate } from './signin.js';
import { Toasts, complain } from './toast.js';
import words from '../words/common.js';

export const Mark = ({ size = 28 }) => html`<img class="mark" src="/ui/mark.svg" width=${size} height=${size} alt="" />`;

export const LanguageSwitch = () => html`
  <div class="language" role="group" aria-label=${t(words.language)}>
    ${[['zh', '中文'], ['en', 'English']].map(([code, name]) => html`
      <button key=${code} lang=${code} aria-pressed=${language.value === code} onClick=${() => speak(code)}>${name}</button>`)}
  </div>`;

const CONNECTION_WORDS = { connecting: words.connecting, live: words.live, lost: words.lost };

export const Connection = () => connection.value !== 'off' && html`
  <span class="connection" data-state=${connection.value} role="status"><i aria-hidden="true"></i><span>${t(CONNECTION_WORDS[connection.value])}</span></span>`;

const Account = () => session.value && html`
  <div class="account">
    <span class="account-name"><${Icon} name="user" size=${18} /> <span>${session.value.name}</span></span>
    <button class="icon-button" aria-label=${t(words.signOut)} title=${t(words.signOut)} onClick=${() => signOut().catch(complain)}><${Icon} name="out" size=${18} /></button>
  </div>`;

const StoreChooser = () => stores.value.length > 0 && html`
  <label class="store-chooser">
    <span class="visually-hidden">${t(words.store)}</span>
    ${stores.value.length === 1
      ? html`<span>${t(stores.value[0].name)}</span>`
      : html`<select value=${storeId.value} onChange=${(event) => openStore(event.currentTarget.value)}>
          ${stores.value.map((one) => html`<option key=${one.id} value=${one.id}>${t(one.name)}</option>`)}
        </select>`}
  </label>`;

const Sections = ({ sections }) => html`
  <nav class="sections" aria-label=${t(words.sections)}>
    ${sections.map(({ id, word, icon, count }) => {
      const open = (route.value[0] ?? sections[0].id) === id;
      return html`<a key=${id} href=${href(id)} aria-current=${open ? 'page' : undefined}>
        <${Icon} name=${icon} /><span>${t(word)}</span>${count ? html`<b class="count">${count}</b>` : null}
      </a>`;
    })}
  </nav>`;

/**
 * @param {{title: {zh: string, en: string}, sections?: {id: string, word: object, icon: string, count?: number}[],
 *   roles?: string[], children?: any}} props `roles`: who may see the page; others are asked to sign in
 */
export function Shell({ title, sections: all = [], roles, children }) {
  const sections = !roles || roles.includes(session.value?.role) ? all : [];
  const name = t(title);
  useEffect(() => {
    document.title = `${name} · Aisle`;
  }, [name]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById('main').focus(); }}>${t(words.skip)}</a>
    <header class="top">
      <a class="brand" href="/" aria-label=${`Aisle — ${t(words.home)}`}><${Mark} /><b>Aisle</b></a>
      <span class="page-name">${name}</span>
      <span class="top-fill"><${StoreChooser} /></span>
      <${Connection} />
      <${LanguageSwitch} />
      <${Account} />
    </header>
    ${sections.length > 0 && html`<${Sections} sections=${sections} />`}
    <main id="main" tabindex="-1" class=${sections.length ? 'with-sections' : ''}>
      <h1 class="visually-hidden">${name}</h1>
      ${connection.value === 'lost' && html`<p class="banner" role="alert"><${Icon} name="wifi" size=${18} /> ${t(words.lostNote)}</p>`}
      ${roles ? html`<${Gate} roles=${roles}>${children}<//>` : children}
    </main>
    <${Toasts} />`;
}
