/** A bay gets its planogram: one file, and a picture of every product's front. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { fieldOf, sentence, upload } from '../../core/api.js';
import { bytes, number, percent } from '../../core/format.js';
import { Field } from '../../parts/bits.js';
import { baysPath } from '../../parts/bays.js';
import { Dialog } from '../../parts/dialog.js';
import { Drop } from '../../parts/drop.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/shelves.js';

const UNITS = ['in', 'cm', 'mm'];

/** The first free id of the kind `bay-3`. */
const freeId = (known) => {
  const taken = new Set(known.map((one) => one.id));
  let count = 1;
  while (taken.has(`bay-${count}`)) count += 1;
  return `bay-${count}`;
};

export function BayDialog({ bay, known, onClose, onDone }) {
  const [id] = useState(bay?.id ?? freeId(known));
  const [names, setNames] = useState({ zh: bay?.name.zh ?? '', en: bay?.name.en ?? '' });
  const [plan, setPlan] = useState(null);
  const [pictures, setPictures] = useState([]);
  const [unit, setUnit] = useState('in');
  const [share, setShare] = useState(null);
  const [error, setError] = useState(null);
  const isPsa = plan && !/\.csv$/i.test(plan.name);
  const wrong = (field) => (error && fieldOf(error) === field ? sentence(error) : null);

  async function onSubmit(event) {
    event.preventDefault();
    const form = new FormData();
    form.append('plan', plan);
    for (const picture of pictures) form.append('pictures', picture);
    form.append('name_zh', names.zh.trim());
    form.append('name_en', names.en.trim());
    form.append('unit', unit);
    setShare(0);
    setError(null);
    try {
      const made = await upload(baysPath(id), form, setShare, { method: 'PUT' });
      toast(t(words.saved, { name: t(made.name), facings: number(made.facings) }));
      onDone();
      onClose();
    } catch (problem) {
      setError(problem);
      setShare(null);
    }
  }

  const field = (language, label) => html`
    <${Field} label=${label} id=${`bay-${language}`}><input id=${`bay-${language}`} maxlength="80" value=${names[language]}
      onInput=${(event) => setNames({ ...names, [language]: event.currentTarget.value })} /><//>`;

  return html`
    <${Dialog} title=${bay ? t(words.newPlanOf, { name: t(bay.name) }) : t(words.add)} onClose=${onClose}>
      <form onSubmit=${onSubmit}>
        <div class="field-grid">${field('zh', t(words.nameZh))}${field('en', t(words.nameEn))}</div>
        <div class="field">
          <${Drop} id="bay-plan" accept=".csv,.psa,.txt,text/csv" title=${plan ? plan.name : t(words.choosePlan)} note=${plan ? bytes(plan.size) : t(words.planNote)} onFiles=${([file]) => file && setPlan(file)} />
          ${wrong('plan') && html`<p class="field-error" role="alert">${wrong('plan')}</p>`}
        </div>
        ${isPsa && html`<fieldset class="choices" data-look="row"><legend>${t(words.unit)}</legend>${UNITS.map((name) => html`
          <label class="check" key=${name}><input type="radio" name="unit" checked=${unit === name} onChange=${() => setUnit(name)} /> ${name}</label>`)}</fieldset>`}
        <div class="field">
          <${Drop} id="bay-pictures" accept="image/png,image/jpeg,image/webp" multiple
            title=${pictures.length ? t(words.chosen, { count: number(pictures.length) }) : t(words.choosePictures)}
            note=${pictures.length ? bytes(pictures.reduce((sum, one) => sum + one.size, 0)) : t(words.picturesNote)} onFiles=${(files) => files.length && setPictures(files)} />
          ${wrong('pictures') && html`<p class="field-error" role="alert">${wrong('pictures')}</p>`}
        </div>
        ${error && !wrong('plan') && !wrong('pictures') && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        ${share != null && html`<div class="progress"><progress max="1" value=${share} aria-label=${t(words.sending)}></progress><span>${share < 1 ? percent(share) : t(words.checking)}</span></div>`}
        <footer class="dialog-foot">
          <button class="button" type="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${share != null || !plan || pictures.length === 0}>${t(common.save)}</button>
        </footer>
      </form>
    <//>`;
}
