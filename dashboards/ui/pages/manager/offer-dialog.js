/** Making or changing an offer of a zone. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, put, path, sentence } from '../../core/api.js';
import { site, storeId } from '../../core/store.js';
import { useLoad } from '../../core/load.js';
import { percent } from '../../core/format.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/bits.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words, { whens } from '../../words/manager.js';

const WHEN = ['enter', 'dwell', 'exit'];
const NEW = { when: 'dwell', dwell_s: 1, cooldown_s: 60, per_trip: 1, holdout: 0, probability: 0.6 };
const RULES = [
  { name: 'dwell_s', word: words.dwell, min: 0, max: 600, step: 0.5 },
  { name: 'cooldown_s', word: words.cooldown, min: 0, max: 86_400, step: 1 },
  { name: 'per_trip', word: words.perTrip, min: 0, max: 100, step: 1 },
  { name: 'probability', word: words.probability, min: 0, max: 1, step: 0.05 },
  { name: 'holdout', word: words.holdout, min: 0, max: 1, step: 0.05 },
];

function read(form, offer) {
  const value = (name) => form.get(name).trim();
  return {
    id: offer.id ?? value('id'),
    zone: value('zone'),
    when: value('when'),
    headline: { zh: value('zh'), en: value('en') },
    gtin: value('gtin') ? value('gtin').padStart(14, '0') : null,
    ...Object.fromEntries(RULES.map(({ name }) => [name, Number(value(name))])),
  };
}

/** What offers of a zone will be worth, before one is made. */
const Worth = ({ zone }) => zone && html`
  <p class="zone-worth" data-tone=${zone.is_enough ? 'ok' : 'bad'} aria-live="polite">
    ${t(words.zoneWorth, { recall: percent(zone.recall), precision: percent(zone.precision) })}
    ${!zone.is_enough && html` <b>${zone.enough_m ? t(words.zoneTooSmall, { across: zone.enough_m[0], along: zone.enough_m[1] }) : t(words.zoneHopeless)}</b>`}
  </p>`;

/** @param {{offer: object, onDone: () => void, onClose: () => void}} props an empty offer makes a new one */
export function OfferDialog({ offer, onDone, onClose }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const isNew = !offer.id;
  const start = { ...NEW, ...offer };
  const [zone, setZone] = useState(start.zone ?? site.value?.zones[0]?.id);
  const [atLeast, setAtLeast] = useState(start.probability);
  const worths = useLoad(() => get(`${path(['api', 'stores', storeId.value, 'zones'])}?at_least=${atLeast}`), [storeId.value, atLeast]);

  async function onSubmit(event) {
    event.preventDefault();
    const body = read(new FormData(event.currentTarget), offer);
    setBusy(true);
    setError(null);
    try {
      await put(path(['api', 'stores', storeId.value, 'offers', body.id]), body);
    } catch (problem) {
      setBusy(false);
      return setError(problem);
    }
    toast(t(words.offerSaved));
    onDone();
    return onClose();
  }

  return html`
    <${Dialog} title=${t(isNew ? words.newOffer : words.editOffer)} onClose=${onClose}>
      <form class="offer-form" onSubmit=${onSubmit}>
        ${isNew && html`<${Field} label=${t(words.offerId)} id="offer-id" note=${t(words.offerIdNote)}><input id="offer-id" name="id" required pattern="[a-z0-9][a-z0-9\\-]*" maxlength="40" autofocus aria-describedby="offer-id-note" /><//>`}
        <${Field} label=${t(words.zone)} id="offer-zone">
          <select id="offer-zone" name="zone" required autofocus=${!isNew} onChange=${(event) => setZone(event.currentTarget.value)}>
            ${(site.value?.zones ?? []).map((zone) => html`<option key=${zone.id} value=${zone.id} selected=${zone.id === start.zone}>${t(zone.name)}</option>`)}
          </select>
        <//>
        <${Worth} zone=${(worths.data ?? []).find((one) => one.zone === zone)} />
        <${Field} label=${t(words.when)} id="offer-when">
          <select id="offer-when" name="when">
            ${WHEN.map((when) => html`<option key=${when} value=${when} selected=${when === start.when}>${t(whens[when])}</option>`)}
          </select>
        <//>
        <${Field} label=${t(words.headlineZh)} id="offer-zh"><input id="offer-zh" name="zh" lang="zh-CN" required maxlength="60" defaultValue=${start.headline?.zh} /><//>
        <${Field} label=${t(words.headlineEn)} id="offer-en"><input id="offer-en" name="en" lang="en" required maxlength="80" defaultValue=${start.headline?.en} /><//>
        <${Field} label=${t(words.gtin)} id="offer-gtin"><input id="offer-gtin" name="gtin" inputmode="numeric" pattern="[0-9]{8,14}" defaultValue=${start.gtin ?? ''} /><//>
        <div class="field-grid">
          ${RULES.map(({ name, word, min, max, step }) => html`
            <${Field} key=${name} label=${t(word)} id=${`offer-${name}`}>
              <input id=${`offer-${name}`} name=${name} type="number" required min=${min} max=${max} step=${step} defaultValue=${start[name]} onChange=${name === 'probability' ? (event) => setAtLeast(Number(event.currentTarget.value) || 0) : undefined} />
            <//>`)}
        </div>
        ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        <footer class="dialog-foot">
          <button type="button" class="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${busy}>${t(common.save)}</button>
        </footer>
      </form>
    <//>`;
}
