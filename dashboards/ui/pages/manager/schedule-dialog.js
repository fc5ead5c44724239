/** Scheduling a sound: when, how often, where. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { post, path, sentence } from '../../core/api.js';
import { serverNow } from '../../core/clock.js';
import { localValue } from '../../core/moment.js';
import { deviceList, storeId } from '../../core/store.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/bits.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/manager.js';

const SPEAKERS = ['speaker', 'broadcast'];
const STARTS = [['10', words.in10], ['60', words.in60], ['at', words.at]];
const REPEATS = [[0, words.once], [60, words.every1], [300, words.every5], [900, words.every15], [3600, words.every60]];

const AUDIENCES = [['any', words.forAny], ['somebody', words.forSomebody], ['near', words.forNear]];

const startOf = (choice, at) => (choice === 'at' ? new Date(at).getTime() : serverNow() + Number(choice) * 1000);

const Speakers = ({ speakers, chosen, onChange }) => html`
  <fieldset class="choices">
    <legend>${t(words.onWhich)}</legend>
    <label class="check"><input type="checkbox" checked=${chosen === null} onChange=${(event) => onChange(event.currentTarget.checked ? null : [])} /> ${t(words.onAll)}</label>
    ${chosen !== null && speakers.map((device) => html`
      <label class="check" key=${device.id}><input type="checkbox" checked=${chosen.includes(device.id)}
        onChange=${(event) => onChange(event.currentTarget.checked ? [...chosen, device.id] : chosen.filter((id) => id !== device.id))} /> ${device.name || device.id}</label>`)}
  </fieldset>`;

/** @param {{asset: object, onDone: () => void, onClose: () => void}} props */
export function ScheduleDialog({ asset, onDone, onClose }) {
  const [start, setStart] = useState('10');
  const [at, setAt] = useState(localValue(serverNow() + 600_000));
  const [every_s, setEvery] = useState(0);
  const [until, setUntil] = useState(localValue(serverNow() + 8 * 3_600_000));
  const [chosen, setChosen] = useState(null);
  const [audience, setAudience] = useState('any');
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const speakers = deviceList.value.filter((device) => SPEAKERS.includes(device.kind));

  async function onSubmit(event) {
    event.preventDefault();
    const start_ms = startOf(start, at);
    const until_ms = every_s ? new Date(until).getTime() : 0;
    if (start_ms < serverNow()) return setError(t(words.startPast));
    if (until_ms && until_ms <= start_ms) return setError(t(words.untilEarly));
    if (chosen !== null && chosen.length === 0) return setError(t(words.pickSpeaker));
    setBusy(true);
    setError(null);
    try {
      await post(path(['api', 'stores', storeId.value, 'schedule']), { asset_sha256: asset.sha256, start_ms, every_s, until_ms, devices: chosen ?? [], audience });
    } catch (problem) {
      setBusy(false);
      return setError(sentence(problem));
    }
    toast(t(words.scheduled, { title: asset.title }));
    onDone();
    return onClose();
  }

  return html`
    <${Dialog} title=${`${t(words.schedule)}: ${asset.title}`} onClose=${onClose}>
      <form onSubmit=${onSubmit}>
        <fieldset class="choices" data-look="row">
          <legend>${t(words.startIn)}</legend>
          ${STARTS.map(([value, word], index) => html`
            <label class="check" key=${value}><input type="radio" name="start" autofocus=${index === 0} checked=${start === value} onChange=${() => setStart(value)} /> ${t(word)}</label>`)}
        </fieldset>
        ${start === 'at' && html`<${Field} label=${t(words.startAt)} id="start-at"><input id="start-at" type="datetime-local" required value=${at} onInput=${(event) => setAt(event.currentTarget.value)} /><//>`}
        <${Field} label=${t(words.repeat)} id="repeat">
          <select id="repeat" value=${every_s} onChange=${(event) => setEvery(Number(event.currentTarget.value))}>
            ${REPEATS.map(([value, word]) => html`<option key=${value} value=${value}>${t(word)}</option>`)}
          </select>
        <//>
        ${every_s > 0 && html`<${Field} label=${t(words.until)} id="until"><input id="until" type="datetime-local" required value=${until} onInput=${(event) => setUntil(event.currentTarget.value)} /><//>`}
        <${Field} label=${t(words.forWhom)} id="audience">
          <select id="audience" value=${audience} onChange=${(event) => setAudience(event.currentTarget.value)}>
            ${AUDIENCES.map(([value, word]) => html`<option key=${value} value=${value}>${t(word)}</option>`)}
          </select>
        <//>
        <${Speakers} speakers=${speakers} chosen=${chosen} onChange=${setChosen} />
        ${error && html`<p class="field-error" role="alert">${error}</p>`}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${busy}>${t(words.schedule)}</button>
        </footer>
      </form>
    <//>`;
}
