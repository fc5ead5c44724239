/** The frame of a page that a device serves: follows its agent; says so when there is none. */
import { html, useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { state, stateError, follow, ask } from '../core/agent.js';
import { useEvery } from '../core/load.js';
import { Empty, Loading } from './states.js';
import { Toasts } from './toast.js';
import words from '../words/edge.js';

const ASK_MS = 3000;

/** Answers a tech's `locate`: this is the device you look for. */
const Located = ({ name }) => html`<div class="located" role="status"><p>${t(words.located)}<b>${name}</b></p></div>`;

/** @param {{title: {zh: string, en: string}, name: string, children: (state: object) => any}} props */
export function AgentPage({ title, name, children }) {
  useEffect(follow, []);
  useEvery(ASK_MS, () => !state.value && ask());
  const heading = t(title);
  useEffect(() => {
    document.title = `${state.value?.name || heading} · Aisle`;
  }, [heading, state.value?.name]);

  if (!state.value) {
    const isWrongPlace = stateError.value?.status === 404;
    return html`<main class="agent-wait">
      <h1 class="visually-hidden">${heading}</h1>
      ${!stateError.value ? html`<${Loading} />`
        : isWrongPlace ? html`<${Empty} icon="cart" title=${t(words.notDevice)} note=${t(words.notDeviceNote)}><a class="button" href="/">Aisle</a><//>`
        : html`<div role="alert"><${Empty} icon="wifi" title=${t(words.agentAway)} note=${t(words.agentAwayNote)} /></div>`}
    </main>`;
  }
  return html`<div class=${name}>${children(state.value)}</div>${state.value.located ? html`<${Located} name=${state.value.name} />` : null}<${Toasts} />`;
}
