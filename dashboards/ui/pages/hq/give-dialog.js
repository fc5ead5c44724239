/** Which stores use a model; what each uses now stands beside it, and it can be undone. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, path, put, sentence } from '../../core/api.js';
import { number } from '../../core/format.js';
import { stores } from '../../core/store.js';
import { Dialog } from '../../parts/dialog.js';
import { toast } from '../../parts/toast.js';
import common from '../../words/common.js';
import words from '../../words/models.js';

/** The model for a task that a store uses; null where its devices use what they came with. */
const usedIn = (models, store, task) => models.find((one) => one.task === task && one.stores.some((use) => use.store === store)) ?? null;

const apply = (store, task, model) =>
  model ? put(path(['api', 'stores', store, 'models']), { name: model.name, version: model.version }) : del(path(['api', 'stores', store, 'models', task]));

/** Do one store after another; the last answer shows them all. */
async function applyAll(moves) {
  let models = null;
  for (const { store, task, to } of moves) models = await apply(store, task, to);
  return models;
}

export function GiveDialog({ model, models, onClose, onDone }) {
  const before = new Map(stores.value.map((store) => [store.id, usedIn(models, store.id, model.task)]));
  const isThis = (one) => one?.name === model.name && one?.version === model.version;
  const [chosen, setChosen] = useState(new Set([...before].filter(([, used]) => isThis(used)).map(([id]) => id)));
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const moves = [...before].filter(([id, used]) => chosen.has(id) !== isThis(used)).map(([store, used]) => ({ store, task: model.task, from: used, to: chosen.has(store) ? model : null }));

  const pick = (id, on) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };

  async function onSubmit(event) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onDone(await applyAll(moves));
      const text = moves.length === 1 ? t(words.givenOne, { name: t(stores.value.find((one) => one.id === moves[0].store)?.name) }) : t(words.given, { count: number(moves.length) });
      const back = moves.map((move) => ({ ...move, to: move.from }));
      toast(text, 'done', { about: 'models', word: t(words.undo), act: () => applyAll(back).then(onDone) });
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }

  return html`
    <${Dialog} title=${t(words.giveTitle, model)} onClose=${onClose}>
      <form onSubmit=${onSubmit}>
        <fieldset class="choices"><legend class="visually-hidden">${t(common.store)}</legend>
          ${stores.value.map((store) => {
            const used = before.get(store.id);
            return html`<label class="check" key=${store.id}><input type="checkbox" checked=${chosen.has(store.id)} onChange=${(event) => pick(store.id, event.currentTarget.checked)} />
              <span>${t(store.name)} <small>${used ? t(words.instead, used) : t(words.shipped)}</small></span></label>`;
          })}</fieldset>
        <p class="muted">${t(words.giveNote)}</p>
        ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
        <footer class="dialog-foot">
          <button class="button" type="button" onClick=${onClose}>${t(common.cancel)}</button>
          <button class="button" data-look="primary" disabled=${isBusy || moves.length === 0}>${t(common.save)}</button>
        </footer>
      </form>
    <//>`;
}
