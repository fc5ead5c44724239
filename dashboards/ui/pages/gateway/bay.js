/** One bay: how it must look, the photo that is taken, what was found, before and now. */
import { html, useRef, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { path, sentence, upload } from '../../core/api.js';
import { percent } from '../../core/format.js';
import { passHeaders } from '../../core/pass.js';
import { usePicture } from '../../core/picture.js';
import { Card } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { Loading } from '../../parts/states.js';
import { TaskLink } from './bay-list.js';
import { Dates } from './dates.js';
import { Photo } from './photo.js';
import words from '../../words/shelves.js';

const Plan = ({ bay }) => {
  const load = usePicture(path(['api', 'bays', bay.id, 'plan.jpg']), [bay.id], passHeaders());
  return html`
    <${Card} title=${t(words.plan)}>
      ${load.error ? html`<p class="field-error" role="alert">${sentence(load.error)}</p>` : load.data ? html`<img class="shelf-plan" src=${load.data} alt=${t(words.planAlt, { name: t(bay.name) })} />` : html`<${Loading} rows=${4} />`}
    <//>`;
};

/** Sends a photo; the share is of its way to the gateway, 1 while it is compared. */
function useSending(bay, onChange) {
  const [share, setShare] = useState(null);
  const [error, setError] = useState(null);
  const send = async (file) => {
    if (!file) return;
    setShare(0);
    setError(null);
    try {
      await upload(path(['api', 'bays', bay.id, 'photos']), file, setShare, { headers: passHeaders() });
      await onChange();
    } catch (problem) {
      setError(problem);
    } finally {
      setShare(null);
    }
  };
  return { share, error, send };
}

export function Bay({ bay, onChange }) {
  const { share, error, send } = useSending(bay, onChange);
  const chooser = useRef(null);
  const [now, before] = bay.photos;
  return html`
    <${TaskLink} />
    <div class="shelf-head"><h1>${t(bay.name)}</h1><a href="#/">${t(words.back)}</a></div>
    <section class="shelf-take">
      <button class="button" data-look="primary" data-size="large" disabled=${share != null} onClick=${() => chooser.current.click()}>
        <${Icon} name="camera" size=${22} /> ${t(now ? words.takeAgain : words.take)}</button>
      <input class="visually-hidden" tabindex="-1" ref=${chooser} type="file" accept="image/*" capture="environment" aria-hidden="true"
        onChange=${(event) => { send(event.currentTarget.files[0]); event.currentTarget.value = ''; }} />
      <p class="muted">${t(words.takeNote)}</p>
      <div class="shelf-progress" role="status">${share != null && html`<progress max="1" value=${share < 1 ? share : undefined} aria-label=${t(words.comparing)}></progress><span>${share < 1 ? percent(share) : t(words.comparing)}</span>`}</div>
      ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
    </section>
    ${now && html`<div class="shelf-pair">
      ${before && html`<${Photo} key=${before.audit} bay=${bay} photo=${before} title=${t(words.before)} />`}
      <${Photo} key=${now.audit} bay=${bay} photo=${now} title=${t(words.after)} />
    </div>`}
    <div class="shelf-pair"><${Plan} bay=${bay} /><${Dates} bay=${bay} /></div>
    <p class="muted">${t(words.stays)}</p>`;
}
