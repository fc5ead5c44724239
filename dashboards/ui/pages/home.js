/** The cloud's home page: sign in, and the way to each page. */
import { html, start, useState, useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { hello, session, greet, recall } from '../core/session.js';
import { Shell } from '../parts/shell.js';
import { SignIn, roleWord } from '../parts/signin.js';
import { Phrases } from '../parts/phrases.js';
import { Badge } from '../parts/bits.js';
import { Icon } from '../parts/icon.js';
import { Failed, Loading } from '../parts/states.js';
import common from '../words/common.js';
import words from '../words/home.js';

const PAGES = [
  { address: '/manager', word: common.manager, note: words.managerNote, icon: 'tag', roles: ['manager', 'hq'] },
  { address: '/floor', word: common.associate, note: words.floorNote, icon: 'list', roles: ['associate', 'manager', 'hq'] },
  { address: '/tech', word: common.tech, note: words.techNote, icon: 'sensor', roles: ['tech', 'hq'] },
  { address: '/hq', word: common.hq, note: words.hqNote, icon: 'pulse', roles: ['hq'] },
];

const PageTile = ({ page }) => {
  const isYours = session.value && page.roles.includes(session.value.role);
  return html`
    <li><a class="page-tile" href=${page.address} data-yours=${isYours}>
      <span class="tile-icon"><${Icon} name=${page.icon} size=${24} /></span>
      <span class="tile-text"><b>${t(page.word)}</b><span>${t(page.note)}</span></span>
      ${isYours ? html`<${Badge} tone="ok">${t(words.yours)}<//>` : null}
      <${Icon} name="next" />
    </a></li>`;
};

/** Pages that devices serve themselves; the demo's greeting may name their addresses. */
const EdgePages = () => html`
  <section class="edge-pages" aria-labelledby="edge-title">
    <h2 id="edge-title">${t(words.edge)}</h2>
    <p class="muted">${t(words.edgeNote)}</p>
    ${hello.value.pages?.length > 0 && html`<ul class="edge-links">${hello.value.pages.map((page) => html`
      <li key=${page.url}><a class="button" href=${page.url}><${Icon} name=${page.kind === 'cart' ? 'cart' : 'screen'} size=${18} /> ${page.name || page.device || page.url}</a></li>`)}</ul>`}
  </section>`;

function Home() {
  const [error, setError] = useState(null);
  const find = () => {
    setError(null);
    Promise.all([greet(), recall()]).catch(setError);
  };
  useEffect(find, []);
  const known = hello.value && session.value !== undefined;
  return html`
    <${Shell} title=${common.home}>
      ${error ? html`<${Failed} error=${error} onRetry=${find} />` : !known ? html`<${Loading} rows=${5} />` : html`
        <div class="home">
          <section class="hero">
            <p class="hero-title"><${Phrases} text=${t(words.claim)} /></p>
            <p class="hero-note">${t(words.claimNote)}</p>
            <p class="hero-foot">${hello.value.demo && html`<${Badge} tone="offer">${t(words.demo)}<//>`} ${t(words.version, { version: hello.value.version })}</p>
          </section>
          <section class="card enter" aria-labelledby="enter-title">
            <h2 id="enter-title">${session.value ? t(words.welcome, { name: t(roleWord(session.value.role)) }) : t(common.signIn)}</h2>
            ${session.value && !PAGES.some((page) => page.roles.includes(session.value.role)) ? html`<p class="muted">${t(words.noPage)}</p>` : null}
            ${session.value ? html`<ul class="page-tiles">${PAGES.map((page) => html`<${PageTile} key=${page.address} page=${page} />`)}</ul>` : html`<${SignIn} />`}
          </section>
          ${!session.value && html`<section aria-labelledby="pages-title"><h2 id="pages-title">${t(words.pages)}</h2><ul class="page-tiles">${PAGES.map((page) => html`<${PageTile} key=${page.address} page=${page} />`)}</ul></section>`}
          <${EdgePages} />
        </div>`}
    <//>`;
}

start(Home);
