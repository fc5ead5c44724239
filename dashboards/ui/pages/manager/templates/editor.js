/** The template editor: a preview that is drawn by the very renderer of the gateway, and a form beside it. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, put, del, path } from '../../../core/api.js';
import { go, href } from '../../../core/route.js';
import { storeId } from '../../../core/store.js';
import { useLoad, useRested } from '../../../core/load.js';
import { number } from '../../../core/format.js';
import { Card, Field } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import { toast } from '../../../parts/toast.js';
import { sentence } from '../../../core/api.js';
import { Canvas } from './canvas.js';
import { Checked } from './checked.js';
import { ElementForm } from './element-form.js';
import { ADDED, movedBox, newElement, placeOf, reordered, saysOf, withElement, withoutElement } from './elements.js';
import { templatesPath, useTried } from './trying.js';
import words, { fields } from '../../../words/templates.js';

const FOUND = 6;
const REST_MS = 160;
const PAST = 100;

/** A value with its past: what was done can be taken back, and done again. */
function useHistory(first) {
  const [{ past, now, future }, set] = useState({ past: [], now: first, future: [] });
  return {
    now, canUndo: past.length > 0, canRedo: future.length > 0,
    /** `joins` the step before, as the moves of one drag do. */
    change: (next, joins = false) => set((old) => ({ past: joins ? old.past : [...old.past, old.now].slice(-PAST), now: typeof next === 'function' ? next(old.now) : next, future: [] })),
    undo: () => set((old) => (old.past.length ? { past: old.past.slice(0, -1), now: old.past.at(-1), future: [old.now, ...old.future] } : old)),
    redo: () => set((old) => (old.future.length ? { past: [...old.past, old.now], now: old.future[0], future: old.future.slice(1) } : old)),
  };
}

const Products = ({ product, onPick }) => {
  const [query, setQuery] = useState('');
  const rested = useRested(query.trim(), REST_MS);
  const load = useLoad(async () => (rested ? get(path(['api', 'stores', storeId.value, 'products'], { q: rested, limit: FOUND })) : { items: [] }), [rested]);
  const found = query.trim() ? load.data?.items ?? [] : [];
  const pick = (gtin) => {
    onPick(gtin);
    setQuery('');
  };
  return html`
    <${Field} label=${t(words.product)} id="te-product">
      <div class="search"><${Icon} name="search" size=${18} />
        <input id="te-product" type="search" autocomplete="off" placeholder=${product ? t(product.name) : ''} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)}
          onKeyDown=${(event) => event.key === 'Enter' && !event.isComposing && found[0] && pick(found[0].gtin)} /></div>
    <//>
    ${found.length > 0 && html`<ul class="picks">${found.map((one) => html`<li key=${one.gtin}><button type="button" class="pick" onClick=${() => pick(one.gtin)}>${t(one.name)}</button></li>`)}</ul>`}`;
};

const Json = ({ template, onApply }) => {
  const [text, setText] = useState(null);
  const [error, setError] = useState('');
  const apply = () => {
    try {
      const read = JSON.parse(text);
      if (!Array.isArray(read?.elements)) throw new Error('elements');
      onApply({ ...template, ...read, name: template.name });
      setText(null);
      setError('');
    } catch (problem) {
      setError(t(words.notJson, { detail: problem.message }));
    }
  };
  return html`
    <details class="te-json"><summary>${t(words.json)}</summary>
      <${Field} label=${t(words.json)} id="te-json" error=${error}>
        <textarea id="te-json" rows="14" spellcheck=${false} value=${text ?? JSON.stringify(template, null, 2)} onInput=${(event) => setText(event.currentTarget.value)}></textarea>
      <//>
      <button type="button" class="button" disabled=${text == null} onClick=${apply}>${t(words.apply)}</button>
    </details>`;
};

const Names = ({ template, isNew, onChange }) => html`
  <div class="field-grid">
    <${Field} label=${t(words.name)} id="te-name" note=${isNew ? t(words.nameNote) : undefined}>
      <input id="te-name" required pattern="[a-z0-9][a-z0-9\\-]{0,39}" disabled=${!isNew} value=${template.name} onInput=${(event) => onChange({ name: event.currentTarget.value })} /><//>
    <${Field} label=${t(words.titleZh)} id="te-zh"><input id="te-zh" lang="zh-CN" maxlength="60" value=${template.title.zh ?? ''} onInput=${(event) => onChange({ title: { ...template.title, zh: event.currentTarget.value } })} /><//>
    <${Field} label=${t(words.titleEn)} id="te-en"><input id="te-en" lang="en" maxlength="60" value=${template.title.en ?? ''} onInput=${(event) => onChange({ title: { ...template.title, en: event.currentTarget.value } })} /><//>
  </div>`;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function onElementKey(event, template, place, { onBox, onRemove }) {
  const arrow = ARROWS[event.key];
  if (!arrow && event.key !== 'Delete') return;
  event.preventDefault();
  if (!arrow) {
    onRemove(place);
    return;
  }
  const [right, down] = arrow;
  onBox(place, movedBox(template.elements[place].box, event.shiftKey ? { dw: right, dh: down } : { dx: right, dy: down }, template), true);
}

/** The elements in the order in which they are drawn; arrow keys move the one that has the focus. */
const Elements = ({ template, chosen, wrong, onChoose, onAdd, onBox, onOrder, onRemove }) => html`
  <ul class="te-elements">${template.elements.map((element, place) => html`
    <li key=${place} data-wrong=${wrong === place}>
      <button type="button" class="pick" aria-pressed=${chosen === place} onFocus=${() => onChoose(place)} onClick=${() => onChoose(place)} onKeyDown=${(event) => onElementKey(event, template, place, { onBox, onRemove })}><b>${t(words[element.kind])}</b> <small>${saysOf(element)}${element.when ? ` · ${t(words.when, { field: t(fields[element.when]) })}` : ''}${element.unless ? ` · ${t(words.unless, { field: t(fields[element.unless]) })}` : ''}</small></button>
      ${chosen === place && html`<span class="buttons">
        <button type="button" class="icon-button" aria-label=${t(words.backward)} disabled=${place === 0} onClick=${() => onOrder(place, -1)}><${Icon} name="up" size=${16} /></button>
        <button type="button" class="icon-button" aria-label=${t(words.forward)} disabled=${place === template.elements.length - 1} onClick=${() => onOrder(place, 1)}><${Icon} name="down" size=${16} /></button>
        <button type="button" class="icon-button" aria-label=${t(words.removeElement)} onClick=${() => onRemove(place)}><${Icon} name="trash" size=${16} /></button></span>`}
    </li>`)}</ul>
  <div class="chips" role="group" aria-label=${t(words.add)}>${ADDED.map((kind) => html`<button type="button" class="chip" key=${kind} onClick=${() => onAdd(kind)}><${Icon} name="plus" size=${14} /> ${t(words[kind])}</button>`)}</div>`;

/** @param {{view: object, onSaved: () => void}} props `view`: the template as the API lists it; one that comes along is copied */
export function Editor({ view, onSaved }) {
  const isNew = !view.by;
  const [first] = useState(() => (isNew ? { ...view.template, name: `${view.name}-2`.slice(0, 40) } : view.template));
  const { now: template, change, undo, redo, canUndo, canRedo } = useHistory(first);
  const [kept, setKept] = useState(isNew ? null : view.template);
  const [chosen, setChosen] = useState(null);
  const [gtin, setGtin] = useState(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const tried = useTried(template, gtin);
  const wrong = placeOf(tried.field);
  const isSaved = kept === template;

  useEffect(() => {
    const onKey = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || event.target.closest('textarea, input')) return;
      event.preventDefault();
      (event.shiftKey ? redo : undo)();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  useEffect(() => {
    if (isSaved) return undefined;
    const onLeave = (event) => event.preventDefault();
    addEventListener('beforeunload', onLeave);
    return () => removeEventListener('beforeunload', onLeave);
  }, [isSaved]);

  const onBox = (place, box, isFirst) => change((old) => withElement(old, place, { box }), !isFirst);
  const onRemove = (place) => {
    change((old) => withoutElement(old, place));
    setChosen(null);
  };
  const onAdd = (kind) => {
    change((old) => ({ ...old, elements: [...old.elements, newElement(kind, old)] }));
    setChosen(template.elements.length);
  };

  async function save() {
    setBusy(true);
    setError(null);
    const before = kept;
    try {
      await put(templatesPath(template.name), { template });
    } catch (problem) {
      setError(problem);
      return;
    } finally {
      setBusy(false);
    }
    setKept(template);
    onSaved();
    const takeBack = async () => {
      await (before ? put(templatesPath(before.name), { template: before }) : del(templatesPath(template.name)));
      onSaved();
      go('labels', 'templates');
    };
    toast(t(words.saved, { name: t(template.title) }), 'done', { word: t(words.undo), about: template.name, act: takeBack });
    if (isNew) go('labels', 'templates', template.name);
  }

  return html`
    <div class="te">
      <${Card} title=${t(words.preview)} className="te-stage" side=${html`
        <span class="buttons">
          <button type="button" class="icon-button" aria-label=${t(words.undo)} disabled=${!canUndo} onClick=${undo}><${Icon} name="undo" /></button>
          <button type="button" class="icon-button te-redo" aria-label=${t(words.redo)} disabled=${!canRedo} onClick=${redo}><${Icon} name="undo" /></button>
        </span>`}>
        <${Canvas} template=${template} picture=${tried.picture} alt=${t(words.previewOf, { product: t(tried.product?.name) || '' })} isStale=${Boolean(tried.problem)}
          chosen=${chosen} wrong=${wrong} onChoose=${setChosen} onBox=${onBox} />
        <div role="status" class="te-said">
          ${tried.problem ? html`<p class="field-error">${tried.problem}</p>${tried.picture && html`<p class="field-note">${t(words.stale)}</p>`}`
            : tried.took_ms != null && html`<p class="field-note">${view.panel} · ${t(words.drawnIn, { ms: number(tried.took_ms, 1) })}</p>`}
        </div>
        <p class="field-note">${t(words.canvasNote)}</p>
        <${Products} product=${tried.product} onPick=${setGtin} />
        <${Checked} template=${template} onPick=${setGtin} />
      <//>
      <div class="te-side">
        <${Card} title=${t(words.title)} side=${html`<a class="button" data-size="small" href=${href('labels', 'templates')}><${Icon} name="back" size=${16} /> ${t(words.leave)}</a>`}>
          <${Names} template=${template} isNew=${isNew} onChange=${(said) => change({ ...template, ...said }, true)} />
          ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
          <p class="buttons"><button type="button" class="button" data-look="primary" disabled=${busy || isSaved || Boolean(tried.field)} onClick=${save}>${t(busy ? words.saving : words.save)}</button>
            ${!isSaved && canUndo && html`<small class="te-unsaved">${t(words.unsaved)}</small>`}</p>
        <//>
        <${Card} title=${t(words.elements)}>
          <${Elements} template=${template} chosen=${chosen} wrong=${wrong} onChoose=${setChosen} onAdd=${onAdd} onBox=${onBox} onRemove=${onRemove}
            onOrder=${(place, by) => {
              change(reordered(template, place, by));
              setChosen(place + by);
            }} />
        <//>
        <${Card} title=${t(words.chosen)}>
          ${chosen == null || !template.elements[chosen] ? html`<p class="field-note">${t(words.chooseOne)}</p>`
            : html`<${ElementForm} template=${template} place=${chosen} onChange=${(said) => change(withElement(template, chosen, said), true)} />`}
          <${Json} template=${template} onApply=${(next) => {
            setChosen(null);
            change(next);
          }} />
        <//>
      </div>
    </div>`;
}
