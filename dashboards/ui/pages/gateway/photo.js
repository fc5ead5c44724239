/** A photo with what was found in it: gaps and wrong goods outlined, and the same in words. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { path, sentence } from '../../core/api.js';
import { dateTime } from '../../core/format.js';
import { passHeaders } from '../../core/pass.js';
import { usePicture } from '../../core/picture.js';
import { Ago, Badge, Card } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { Loading } from '../../parts/states.js';
import words from '../../words/shelves.js';

const points = (corners) => corners.map((corner) => corner.join(',')).join(' ');

const Outline = ({ slot }) => html`
  <g><polygon class="halo" points=${points(slot.corners)} /><polygon data-state=${slot.state} points=${points(slot.corners)} /></g>`;

export function Photo({ bay, photo, title }) {
  const load = usePicture(path(['api', 'bays', bay.id, 'photos', `${photo.audit}.jpg`]), [photo.audit], passHeaders());
  const names = new Map(bay.products.map((one) => [one.gtin, one.name]));
  const named = (gtin) => names.get(gtin) || gtin;
  const amiss = photo.slots.filter((slot) => slot.state !== 'right');
  const isRight = amiss.length === 0 && photo.extra.length === 0;
  return html`
    <${Card} title=${title} className="shelf-photo" side=${html`<span class="muted"><${Ago} ms=${photo.at_ms} /> · ${photo.by}</span>`}>
      <p class="shelf-result"><${Badge} tone=${isRight ? 'ok' : 'busy'} icon=${isRight ? 'check' : 'alert'}>${isRight ? t(words.allRight) : t(words.result, photo)}<//></p>
      <figure class="shelf-picture">
        ${load.error ? html`<p class="field-error" role="alert">${sentence(load.error)}</p>` : !load.data ? html`<${Loading} rows=${4} />` : html`
          <img src=${load.data} width=${photo.width_px} height=${photo.height_px} alt=${t(words.photoAlt, { when: dateTime(photo.at_ms), count: amiss.length })} />
          <svg viewBox=${`0 0 ${photo.width_px} ${photo.height_px}`} aria-hidden="true">${amiss.map((slot) => html`<${Outline} key=${`${slot.shelf} ${slot.position}`} slot=${slot} />`)}</svg>`}
      </figure>
      ${!isRight && html`<ul class="shelf-findings">
        ${amiss.map((slot) => html`
          <li key=${`${slot.shelf} ${slot.position}`}><${Badge} tone=${slot.state === 'gap' ? 'bad' : 'busy'} icon=${slot.state === 'gap' ? 'lower' : 'undo'}>${t(words[slot.state])}<//>
            <span><b>${slot.name || slot.gtin}</b> <small>${t(words.at, slot)}</small>${slot.state === 'wrong' ? html` · ${t(words.seen, { name: slot.seen ? named(slot.seen) : t(words.strange) })}` : null}</span></li>`)}
        ${photo.extra.map((one, place) => html`<li key=${`extra ${place}`}><${Icon} name="plus" size=${18} /><span>${t(words.extra, { name: named(one.gtin), shelf: one.shelf })}</span></li>`)}
      </ul>`}
    <//>`;
}
