/** A price change as it travels: one step for each stage, who confirmed and when, who is waited for. */
import { html, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { money, difference, span, when, clockTime } from '../core/format.js';
import { now } from '../core/clock.js';
import { begins_ms } from '../core/store.js';
import { reasonText } from './reason.js';
import { stages, current } from '../core/stages.js';
import { Icon, kindIcon } from './icon.js';
import { Badge } from './bits.js';
import common from '../words/common.js';
import words from '../words/manager.js';

const STAGE_WORDS = {
  published: words.stagePublished,
  held: words.stageHeld,
  prepared: words.stagePrepared,
  armed: words.stageArmed,
  shown: words.stageShown,
  released: words.stageReleased,
  charged: words.stageCharged,
  confirmed: words.stageConfirmed,
};

const Step = ({ stage, change, isCurrent }) => {
  const isDone = stage.done === stage.total;
  return html`
    <li class="step" data-state=${isDone ? 'done' : isCurrent ? 'current' : 'later'}>
      <span class="step-dot">
        ${isDone ? html`<${Icon} name="check" size=${16} />` : stage.total > 1 ? html`<small>${stage.done}/${stage.total}</small>` : null}
      </span>
      <span class="step-name">${t(STAGE_WORDS[stage.id])}</span>
      <span class="step-time">${isDone
        ? stage.id === 'published' ? clockTime(stage.at_ms) : `+${span(Math.max(0, stage.at_ms - begins_ms(change)))}`
        : stage.total > 1 ? `${stage.done} / ${stage.total}` : '…'}</span>
    </li>`;
};

const some = (names) => (names.length > 4 ? t(words.andMore, { names: names.slice(0, 3).join(', '), count: names.length - 3 }) : names.join(', '));

const Moment = ({ ms, made_ms }) => (ms == null
  ? html`<span class="moment" data-done="false">${t(words.notYet)}</span>`
  : html`<span class="moment" data-done="true" title=${clockTime(ms)}><${Icon} name="check" size=${14} /> +${span(Math.max(0, ms - made_ms))}</span>`);

const Who = ({ change }) => html`
  <div class="who">
    <table class="table" data-size="small">
      <thead><tr><th scope="col">${t(common.device)}</th><th scope="col">${t(words.colHeld)}</th><th scope="col">${t(words.colCharged)}</th></tr></thead>
      <tbody>${change.devices.map((one) => html`
        <tr key=${one.device}>
          <th scope="row"><${Icon} name=${kindIcon(one.kind)} size=${16} /> ${one.device}</th>
          <td><${Moment} ms=${one.held_ms} made_ms=${begins_ms(change)} /></td>
          <td>${one.kind === 'gateway' ? '' : html`<${Moment} ms=${one.charged_ms} made_ms=${begins_ms(change)} />`}</td>
        </tr>`)}</tbody>
    </table>
    ${change.labels.length > 0 && html`<table class="table" data-size="small">
      <thead><tr><th scope="col">${t(words.labels)}</th><th scope="col">${t(words.colPrepared)}</th><th scope="col">${t(words.colArmed)}</th><th scope="col">${t(words.colShown)}</th></tr></thead>
      <tbody>${change.labels.map((one) => html`
        <tr key=${one.label}>
          <th scope="row"><${Icon} name="label" size=${16} /> ${one.label}</th>
          <td><${Moment} ms=${one.prepared_ms} made_ms=${begins_ms(change)} /></td>
          <td><${Moment} ms=${one.armed_ms} made_ms=${begins_ms(change)} /></td>
          <td><${Moment} ms=${one.shown_ms} made_ms=${begins_ms(change)} /></td>
        </tr>`)}</tbody>
    </table>`}
  </div>`;

function standing(change) {
  if (change.state === 'confirmed') return t(words.confirmedIn, { span: span(Math.max(0, change.confirmed_ms - begins_ms(change))) });
  if (change.state === 'superseded') return t(words.superseded);
  return t(words.underWay, { span: span(Math.max(0, now.value - begins_ms(change))) });
}

const PATIENCE_MS = 10_000;

/** Tills that a change has waited for so long that a manager may want to take them out of service. */
const waitingTills = (change, stage) => (now.value - begins_ms(change) < PATIENCE_MS ? [] : change.devices
  .filter((one) => one.kind === 'till' && stage?.waiting.includes(one.device))
  .map((one) => one.device));

/** @param {{change: object, onRetire?: (till: string) => void, onUndo?: (change: object) => void, open?: boolean}} props */
export function ChangeCard({ change, onUndo, onRetire, open = false }) {
  const [isOpen, setOpen] = useState(open);
  const all = stages(change);
  const at = current(all);
  const isConfirmed = change.state === 'confirmed';
  const isOpenChange = change.state === 'published';
  return html`
    <article class="change" data-state=${change.state} data-change=${change.id}>
      <header class="change-head">
        <div>
          <h3>${t(change.name)}</h3>
          <p class="muted">${t(words.by, { name: change.by, time: when(change.made_ms) })} · ${t(words.book, { version: change.book_version })}${change.reason ? ` · ${reasonText(change.reason)}` : ''}</p>
        </div>
        <p class="change-price">
          ${change.from_minor !== change.to_minor && html`<s>${money(change.from_minor)}</s>`} <b>${money(change.to_minor)}</b>
          ${change.from_minor !== change.to_minor && html`<${Badge} tone=${change.direction === 'down' ? 'down' : 'up'} icon=${change.direction === 'down' ? 'down' : 'up'}>${difference(change.to_minor - change.from_minor)}<//>`}
        </p>
      </header>
      <ol class="steps">${all.map((stage) => html`<${Step} key=${stage.id} stage=${stage} change=${change} isCurrent=${stage === at} />`)}</ol>
      <footer class="change-foot">
        <p data-tone=${isConfirmed ? 'ok' : 'plain'}>
          ${standing(change)}
          ${isOpenChange && at?.waiting.length ? html` · <span>${t(words.waitingFor, { names: some(at.waiting) })}</span>` : null}
        </p>
        ${onRetire && isOpenChange && waitingTills(change, at).map((till) => html`
          <button class="button" data-look="quiet" key=${till} onClick=${() => onRetire(till)}>${t(words.retire, { name: till })}</button>`)}
        <button class="button" data-look="quiet" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>${t(words.who)} <${Icon} name=${isOpen ? 'up' : 'down'} size=${16} /></button>
        ${onUndo && html`<button class="button" data-look="quiet" onClick=${() => onUndo(change)}><${Icon} name="undo" size=${16} /> ${t(words.undo)}</button>`}
      </footer>
      ${isOpen && html`<${Who} change=${change} />`}
    </article>`;
}
