/** Teaching an item without a code: the empty place, a few pictures, tried at once, then learnt by the whole store. */
import { html, useRef, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, get, path, post, sentence, upload } from '../../core/api.js';
import { percent } from '../../core/format.js';
import { href } from '../../core/route.js';
import { useLoad, useRested } from '../../core/load.js';
import { passHeaders, pass } from '../../core/pass.js';
import { Badge, Card } from '../../parts/bits.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Loaded } from '../../parts/states.js';
import { complain, toast } from '../../parts/toast.js';
import words from '../../words/teach.js';

const ENOUGH = 3;
const WANTED = 5;
const REST_MS = 200;
const MOST = 12;

const itemPath = (...parts) => path(['api', 'items', ...parts]);
const named = (one) => t(one.name) || one.gtin || one.label;

/** A button that takes a picture; the phone's camera opens on a phone. */
function Shutter({ label, look, disabled, onPicture }) {
  const chooser = useRef(null);
  return html`
    <button class="button" data-look=${look} data-size="large" disabled=${disabled} onClick=${() => chooser.current.click()}><${Icon} name="camera" size=${22} /> ${label}</button>
    <input class="visually-hidden" tabindex="-1" ref=${chooser} type="file" accept="image/*" capture="environment" aria-hidden="true"
      onChange=${(event) => { const [file] = event.currentTarget.files; event.currentTarget.value = ''; if (file) onPicture(file); }} />`;
}

const Step = ({ number, title, note, done, children }) => html`
  <li class="teach-step" data-done=${done}>
    <span class="teach-number" aria-hidden="true">${done ? html`<${Icon} name="check" size=${18} />` : number}</span>
    <div><h3>${title}</h3><p class="muted">${note}</p>${children}</div>
  </li>`;

const Answer = ({ tried, wanted }) => {
  const best = tried.top[0];
  const isRight = !tried.abstain && best?.gtin === wanted;
  return html`
    <p role="status"><${Badge} tone=${isRight ? 'ok' : 'busy'} icon=${isRight ? 'check' : 'alert'}>${t(isRight ? words.knows : tried.abstain ? words.unsure : words.takesFor)}<//>
      <span class="teach-guesses">${tried.top.map((one) => `${named(one)} ${percent(one.p)}`).join(' · ')}</span></p>`;
};

function Lesson({ product, onDone }) {
  const [told, setTold] = useState(null);
  const [pictures, setPictures] = useState([]);
  const [tried, setTried] = useState(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const how = { headers: passHeaders() };

  async function during(act) {
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  }
  const send = (file, of) => during(async () => {
    setTold(await upload(`${itemPath(product.gtin, 'pictures')}${of ? `?of=${of}` : ''}`, file, () => {}, how));
    setPictures((old) => (of ? [] : [...old, URL.createObjectURL(file)]));
    setTried(null);
  });
  const attempt = (file) => during(async () => setTried(await upload(itemPath(product.gtin, 'try'), file, () => {}, how)));
  const learn = () => during(async () => {
    await post(itemPath(product.gtin, 'learn'), {}, passHeaders());
    toast(t(words.learnt, { name: named(product) }));
    onDone();
  });
  const count = told?.pictures ?? 0;
  const problem = count >= ENOUGH ? told.problem : null;
  const isReady = told?.has_empty && count >= ENOUGH && !told.problem;

  return html`
    <${Card} title=${t(words.lessonOf, { name: named(product) })} side=${html`<a href=${href('items')}>${t(words.other)}</a>`}>
      <ol class="teach-steps">
        <${Step} number="1" title=${t(words.empty)} note=${t(words.emptyNote)} done=${!!told?.has_empty}>
          <${Shutter} label=${t(words.takeEmpty)} look=${told?.has_empty ? undefined : 'primary'} disabled=${busy} onPicture=${(file) => send(file, 'empty')} /><//>
        <${Step} number="2" title=${t(words.show, { count, wanted: WANTED })} note=${t(words.showNote)} done=${!!isReady}>
          <${Shutter} label=${t(words.takeOne)} look=${told?.has_empty && !isReady ? 'primary' : undefined} disabled=${busy || !told?.has_empty} onPicture=${(file) => send(file)} />
          ${pictures.length > 0 && html`<ul class="teach-pictures">${pictures.map((address, place) => html`<li key=${address}><img src=${address} alt=${t(words.picture, { number: place + 1 })} /></li>`)}</ul>`}
          ${problem && html`<p class="field-error" role="alert">${t(words[problem.code] ?? words.problem, { message: problem.message })}</p>`}<//>
        <${Step} number="3" title=${t(words.tryIt)} note=${t(words.tryNote)} done=${tried && !tried.abstain && tried.top[0]?.gtin === product.gtin}>
          <${Shutter} label=${t(words.takeTry)} disabled=${busy || !isReady} onPicture=${attempt} />
          ${tried && html`<${Answer} tried=${tried} wanted=${product.gtin} />`}<//>
      </ol>
      ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      <button class="button" data-look="primary" data-size="large" disabled=${busy || !isReady} onClick=${learn}>${t(words.learn)}</button>
    <//>`;
}

function Choose() {
  const [query, setQuery] = useState('');
  const rested = useRested(query.trim(), REST_MS);
  const load = useLoad(() => get(path(['api', 'products'], { q: rested, limit: MOST })).then((page) => page.items), [rested]);
  return html`
    <${Card} title=${t(words.which)} flush side=${html`
      <div class="search" data-size="small"><${Icon} name="search" size=${18} /><input type="search" aria-label=${t(words.find)} placeholder=${t(words.find)} value=${query} onInput=${(event) => setQuery(event.currentTarget.value)} /></div>`}>
      <${Loaded} load=${load} rows=${4} empty=${html`<${Empty} icon="search" title=${t(words.noneFound)} />`}>${(items) => html`
        <ul class="rows">${items.map((item) => html`
          <li key=${item.gtin}><a class="row" href=${href('items', item.gtin)}><span class="row-text"><b>${t(item.name)}</b><small>${item.gtin}</small></span><${Icon} name="next" /></a></li>`)}</ul>`}<//>
    <//>`;
}

function Known({ load }) {
  const forget = (item) => del(itemPath(item.gtin), passHeaders()).then(() => {
    toast(t(words.forgotten, { name: named(item) }));
    // The cloud tells the store a moment later.
    setTimeout(load.reload, 2_500);
  }, complain);
  return html`
    <${Card} title=${t(words.known)} flush>
      <${Loaded} load=${load} rows=${2} empty=${html`<${Empty} icon="camera" title=${t(words.noneKnown)} note=${t(words.noneKnownNote)} />`}>${(items) => html`
        <ul class="rows">${items.map((item) => html`
          <li class="row" key=${item.gtin}><span class="row-icon"><${Icon} name="check" /></span><span class="row-text"><b>${named(item)}</b><small>${item.gtin}</small></span>
            <button class="icon-button" aria-label=${t(words.forget, { name: named(item) })} onClick=${() => forget(item)}><${Icon} name="trash" size=${18} /></button></li>`)}</ul>`}<//>
    <//>`;
}

export function Teach({ gtin }) {
  const load = useLoad(() => get(itemPath(), passHeaders()).then((answer) => answer.items), [pass.value]);
  const product = useLoad(() => (gtin ? get(path(['api', 'products'], { q: gtin, limit: 1 })).then((page) => page.items[0] ?? { gtin, name: {} }) : Promise.resolve(null)), [gtin]);
  const onDone = () => {
    location.hash = href('items');
    setTimeout(load.reload, 2_500);
  };
  return html`
    <div class="shelf-head"><h1>${t(words.title)}</h1><a href="#/">${t(words.back)}</a></div>
    <p class="muted">${t(words.note)}</p>
    ${gtin && product.data ? html`<${Lesson} key=${gtin} product=${product.data} onDone=${onDone} />` : html`<${Choose} />`}
    <${Known} load=${load} />`;
}
