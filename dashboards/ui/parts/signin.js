/** Signing in: by name and password, or with one tap on a demo account. */
import { html, useState, useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { sentence } from '../core/api.js';
import { hello, greet, recall, session, signIn, signOut } from '../core/session.js';
import { Icon } from './icon.js';
import { Field } from './bits.js';
import { Failed, Loading } from './states.js';
import { complain } from './toast.js';
import words from '../words/common.js';

const ROLE_ICONS = { manager: 'tag', associate: 'list', tech: 'sensor', hq: 'pulse', shopper: 'cart', supplier: 'gift' };
export const roleWord = (role) => words[role] ?? { zh: role, en: role };

const DemoAccounts = ({ accounts, onSignIn, busy }) => html`
  <div class="demo-accounts">
    <p class="muted">${t(words.demoAccounts)}</p>
    <div class="tiles">
      ${accounts.map((account) => html`
        <button class="tile" key=${account.name} disabled=${busy} onClick=${() => onSignIn(account.name, account.password)}>
          <span class="tile-icon"><${Icon} name=${ROLE_ICONS[account.role] ?? 'user'} size=${22} /></span>
          <span class="tile-text"><b>${t(roleWord(account.role))}</b><span>${account.name}</span></span>
        </button>`)}
    </div>
  </div>`;

export function SignIn({ wanted }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const accounts = (hello.value?.accounts ?? []).filter((account) => !wanted || wanted.includes(account.role));

  async function enter(name, password) {
    setBusy(true);
    setError(null);
    try {
      await signIn(name, password);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }
  const onSubmit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    enter(form.get('name'), form.get('password'));
  };

  return html`
    <div class="signin">
      ${accounts.length > 0 && html`<${DemoAccounts} accounts=${accounts} onSignIn=${enter} busy=${busy} />`}
      <form class="signin-form" onSubmit=${onSubmit}>
        <${Field} label=${t(words.name)} id="signin-name"><input id="signin-name" name="name" autocomplete="username" required /><//>
        <${Field} label=${t(words.password)} id="signin-password"><input id="signin-password" name="password" type="password" autocomplete="current-password" required /><//>
        <button class="button" data-look="primary" disabled=${busy}>${t(words.signIn)}</button>
      </form>
      ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
    </div>`;
}

/** Shows its children to those with one of the `roles`; others are asked to sign in. */
export function Gate({ roles, children }) {
  const [error, setError] = useState(null);
  const find = () => {
    setError(null);
    Promise.all([greet(), recall()]).catch(setError);
  };
  useEffect(find, []);

  if (error) return html`<${Failed} error=${error} onRetry=${find} />`;
  if (session.value === undefined) return html`<${Loading} />`;
  if (session.value && roles.includes(session.value.role)) return children;
  const names = roles.map((role) => t(roleWord(role))).join(' / ');
  return html`
    <section class="card gate">
      <h2>${session.value ? t(words.wrongRole, { role: t(roleWord(session.value.role)) }) : t(words.signInFirst)}</h2>
      <p class="muted">${t(words.forRole, { role: names })}</p>
      ${session.value && html`<button class="button" onClick=${() => signOut().catch(complain)}>${t(words.signOut)}</button>`}
      <${SignIn} wanted=${roles} />
    </section>`;
}
