/** A survey walked with this cart: tap where it stands, walk straight, tap again; the map shows what it promises. */
import { html, useEffect, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, post } from '../../core/api.js';
import { metres } from '../../core/format.js';
import { Badge } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { StoreMap } from '../../parts/map/map.js';
import { HeatLegend } from '../../parts/map/heat.js';
import { Advice, Figures } from '../../parts/promise.js';
import { toast, complain } from '../../parts/toast.js';
import words from '../../words/survey.js';

const at = ({ x_m, y_m }) => ({ x_m: Number(x_m.toFixed(2)), y_m: Number(y_m.toFixed(2)) });

/** What is promised so far; asked anew whenever the cart has worked it out. */
function usePromise(survey) {
  const [promise, setPromise] = useState(null);
  useEffect(() => {
    if (!survey?.promised) return setPromise(null);
    let isOpen = true;
    get('/api/survey').then((found) => isOpen && setPromise(found.levels ? found : null)).catch(complain);
    return () => {
      isOpen = false;
    };
  }, [survey?.id, survey?.promised]);
  return promise;
}

const Begin = ({ onStart }) => html`
  <div class="survey-begin">
    <${Icon} name="beacon" size=${40} />
    <p>${t(words.startNote)}</p>
    <button class="button" data-look="primary" data-size="large" onClick=${onStart}>${t(words.start)}</button>
  </div>`;

/** @param {{state: object}} props the cart's state */
export function Survey({ state }) {
  const { survey } = state;
  const promise = usePromise(survey);
  const [walking, setWalking] = useState(false);
  const level = promise?.levels[0];

  const start = () => post('/api/survey/start', {}).catch(complain);
  const undo = () => post('/api/survey/undo', {}).catch(complain);
  const finish = () => post('/api/survey/finish', {}).then(() => toast(t(words.finished), 'done')).catch(complain);
  const tap = (place) => post('/api/survey/at', at(place))
    .then(({ leg, packets }) => leg && toast(t(words.legDone, { leg, packets })))
    .catch(complain);
  /** A virtual cart is where the virtual store says, not where its page was tapped: it goes there first. */
  async function go(place) {
    if (!state.virtual) return tap(place);
    setWalking(true);
    try {
      const { takes_s } = await post('/api/virtual/walk', at(place));
      await new Promise((done) => { setTimeout(done, takes_s * 1000 + 200); });
      return await tap(place);
    } catch (error) {
      return complain(error);
    } finally {
      setWalking(false);
    }
  }

  const prompt = walking ? words.walkingThere : survey?.at ? words.nextTap : words.firstTap;
  return html`
    <main class="survey-main">
      <h1 class="visually-hidden">${t(words.survey)}</h1>
      <section class="survey-map" aria-label=${t(words.survey)}>
        <${StoreMap} site=${state.site} legend=${false} heat=${level} way=${survey} onTap=${survey && !walking ? go : undefined} showBeacons />
      </section>
      <section class="survey-side" aria-live="polite">
        ${!survey ? html`<${Begin} onStart=${start} />` : html`
          <p class="survey-prompt"><${Icon} name="locate" /> ${t(prompt)}</p>
          <p>${t(words.heardNow)}: <b>${t(words.heardCount, { beacons: survey.beacons, packets: survey.packets })}</b></p>
          <p>${t(words.legs)}: <${Badge} tone="info">${survey.legs.length}<//></p>
          ${survey.check && html`<p>${t(words.measured)}: <b>${metres(survey.check.p75_m)}</b> <small class="muted">${t(words.measuredNote, { count: survey.check.answers })}</small></p>`}
          ${level && html`<${Figures} level=${level} /><${HeatLegend} /><${Advice} level=${level} />`}
          <div class="survey-buttons">
            <button class="button" onClick=${undo} disabled=${walking || (!survey.at && survey.legs.length === 0)}><${Icon} name="undo" /> ${t(words.undo)}</button>
            <button class="button" data-look="primary" onClick=${finish} disabled=${walking}>${t(words.finish)}</button>
          </div>`}
        <a class="button" href="#/">${t(words.back)}</a>
      </section>
    </main>`;
}
