/** The templates of a store's labels: how each looks, which labels use it, and the way into the editor. */
import { html, useEffect, useState } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, post, del } from '../../../core/api.js';
import { number } from '../../../core/format.js';
import { go, route } from '../../../core/route.js';
import { storeId, onEvent } from '../../../core/store.js';
import { useLoad } from '../../../core/load.js';
import { Badge, Card } from '../../../parts/bits.js';
import { Confirm } from '../../../parts/confirm.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { Icon } from '../../../parts/icon.js';
import { toast } from '../../../parts/toast.js';
import { Editor } from './editor.js';
import { templatesPath, useTried } from './trying.js';
import common from '../../../words/common.js';
import words from '../../../words/templates.js';

const usedBy = (count) => (count ? t(count === 1 ? words.usedByOne : words.usedBy, { count: number(count) }) : t(words.unused));

const Thumb = ({ view }) => {
  const tried = useTried(view.template, null);
  return html`
    <span class="te-thumb" style=${{ aspectRatio: `${view.template.width_px} / ${view.template.height_px}` }}>
      ${tried.picture && html`<img src=${tried.picture} alt=${t(words.previewOf, { product: t(tried.product?.name) || '' })} />`}
    </span>`;
};

const Tile = ({ view, onUse, onRemove }) => html`
  <li class="te-tile" data-template=${view.name}>
    <${Thumb} view=${view} />
    <p class="te-tile-head"><b>${t(view.template.title)}</b> <${Badge} tone=${view.by ? 'info' : 'plain'}>${t(view.by ? words.own : words.comesAlong)}<//></p>
    <small>${view.name} · ${view.panel} · ${usedBy(view.labels)}</small>
    <span class="buttons">
      <button class="button" data-size="small" onClick=${() => go('labels', 'templates', view.name)}><${Icon} name=${view.by ? 'edit' : 'copy'} size=${16} /> ${t(view.by ? words.edit : words.copyOf)}</button>
      ${view.fitting > view.labels && html`<button class="button" data-size="small" onClick=${onUse}><${Icon} name="label" size=${16} /> ${t(view.fitting === 1 ? words.useOne : words.use, { count: number(view.fitting) })}</button>`}
      ${view.by && view.labels === 0 && html`<button class="icon-button" aria-label=${`${t(common.remove)}: ${t(view.template.title)}`} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>`}
    </span>
  </li>`;

export function Templates() {
  const load = useLoad(() => get(templatesPath()), [storeId.value]);
  const [using, setUsing] = useState(null);
  const [removing, setRemoving] = useState(null);
  useEffect(() => onEvent('templates', load.reload), [storeId.value]);
  const opened = route.value[2];
  if (opened) {
    return html`<${Loaded} load=${load}>${(views) => {
      const view = views.find((one) => one.name === opened);
      return view ? html`<${Editor} key=${view.name} view=${view} onSaved=${load.reload} />` : html`<${Empty} icon="label" title=${t(words.notFound)} />`;
    }}<//>`;
  }
  return html`
    <${Card} title=${t(words.title)} className="wide-card">
      <p class="field-note">${t(words.intro)}</p>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="label" title=${t(words.none)} />`}>${(views) => html`
        <ul class="te-tiles">${views.map((view) => html`<${Tile} key=${view.name} view=${view} onUse=${() => setUsing(view)} onRemove=${() => setRemoving(view)} />`)}</ul>`}<//>
    <//>
    ${using && html`<${Confirm} title=${t(words.useTitle, { count: using.fitting, name: t(using.template.title) })} note=${t(words.useNote)} action=${t(using.fitting === 1 ? words.useOne : words.use, { count: number(using.fitting) })}
      onDo=${async () => {
        const done = await post(templatesPath(using.name, 'use'), {});
        toast(t(words.used, { count: done.labels.length }));
        load.reload();
      }} onClose=${() => setUsing(null)} />`}
    ${removing && html`<${Confirm} tone="danger" title=${t(words.removeTitle, { name: t(removing.template.title) })} note=${t(words.removeNote)} action=${t(common.remove)}
      onDo=${async () => {
        await del(templatesPath(removing.name));
        toast(t(words.removed, { name: t(removing.template.title) }));
        load.reload();
      }} onClose=${() => setRemoving(null)} />`}`;
}
