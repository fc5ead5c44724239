/** Looking at dates: the oldest pack of a product, by hand. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { path, post, sentence } from '../../core/api.js';
import { passHeaders } from '../../core/pass.js';
import { Card, Field } from '../../parts/bits.js';
import { toast } from '../../parts/toast.js';
import words from '../../words/shelves.js';

export function Dates({ bay }) {
  const [gtin, setGtin] = useState(bay.products[0]?.gtin);
  const [day, setDay] = useState('');
  const [error, setError] = useState(null);
  const name = bay.products.find((one) => one.gtin === gtin)?.name || gtin;
  const say = async (expires_on) => {
    setError(null);
    try {
      await post(path(['api', 'bays', bay.id, 'dates']), { gtin, expires_on }, passHeaders());
      toast(t(words.dated, { name }));
      setDay('');
    } catch (problem) {
      setError(problem);
    }
  };
  return html`
    <${Card} title=${t(words.dates)}>
      <p class="muted">${t(words.datesNote)}</p>
      <form class="shelf-dates" onSubmit=${(event) => { event.preventDefault(); say(day); }}>
        <${Field} label=${t(words.product)} id="date-product"><select id="date-product" value=${gtin} onChange=${(event) => setGtin(event.currentTarget.value)}>
          ${bay.products.map((one) => html`<option key=${one.gtin} value=${one.gtin}>${one.name || one.gtin}</option>`)}</select><//>
        <${Field} label=${t(words.lastDay)} id="date-day"><input id="date-day" type="date" required value=${day} onInput=${(event) => setDay(event.currentTarget.value)} /><//>
        <div class="buttons"><button class="button" data-look="primary">${t(words.save)}</button>
          <button class="button" type="button" onClick=${() => say(null)}>${t(words.noneLeft)}</button></div>
        ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      </form>
    <//>`;
}
