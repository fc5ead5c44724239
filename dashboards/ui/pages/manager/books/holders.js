/** Who holds which book, live: a bar for the whole store, and each device by kind. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { get, path } from '../../../core/api.js';
import { storeId, devices } from '../../../core/store.js';
import { useLoad } from '../../../core/load.js';
import { Badge, Card } from '../../../parts/bits.js';
import { Empty, Loaded } from '../../../parts/states.js';
import { Icon, kindIcon } from '../../../parts/icon.js';
import words from '../../../words/books.js';

/** The API's holders with what the stream told since. */
const live = (holders) => holders.map((one) => {
  const known = devices.value.get(one.device);
  return known ? { ...one, name: known.name, kind_name: known.kind_name, online: known.online, version: known.book_version } : one;
});

function byKind(holders) {
  const kinds = new Map();
  for (const one of holders) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return [...kinds];
}

/** Kinds that cannot sell or show a price without a book; another is asked once one of them holds one. */
const NEED = ['cart', 'till', 'gateway'];
const isAsked = (kind, holders) => NEED.includes(kind) || holders.some((one) => one.version != null);

const has = (one, current) => one.version != null && one.version >= current.version;

const Bar = ({ holders, current }) => {
  const done = holders.filter((one) => has(one, current)).length;
  const said = t(words.holdNow, { done, total: holders.length, version: current.version });
  return html`<div class="progress holders-bar" data-done=${done === holders.length}><progress max=${holders.length} value=${done} aria-label=${said}></progress><span role="status">${said}</span></div>`;
};

const Standing = ({ one, current, isAsked }) => {
  if (one.version == null) return html`<${Badge} tone=${isAsked ? 'busy' : 'plain'}>${t(isAsked ? words.holdsNone : words.needsNone)}<//>`;
  if (one.version > current.version) return html`<${Badge} tone="ok" icon="check">${t(words.ahead, { version: current.version })}<//>`;
  if (one.version === current.version) return html`<${Badge} tone="ok" icon="check">${t(words.holds, { version: one.version })}<//>`;
  return html`<${Badge} tone="busy" icon="clock">${t(words.holds, { version: one.version })} · ${t(words.behind, { count: current.version - one.version })}<//>`;
};

const Kind = ({ kind, holders, current, isAsked }) => html`
  <section class="holder-kind">
    <h3><${Icon} name=${kindIcon(kind)} size=${18} /> ${t(holders[0].kind_name) || kind} ${isAsked && html`<span class="muted">${holders.filter((one) => has(one, current)).length} / ${holders.length}</span>`}</h3>
    <ul class="holder-list">${holders.map((one) => html`
      <li key=${one.device} data-device=${one.device}>
        <span class="holder-name"><b>${one.name || one.device}</b>${!one.online && html`<small>${t(words.offlineNote)}</small>`}</span>
        <${Standing} one=${one} current=${current} isAsked=${isAsked} />
      </li>`)}</ul>
  </section>`;

/** @param {{current?: object}} props `current`: the book that counts now, once known */
export function Holders({ current }) {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'books', 'holders'])), [storeId.value, current?.version]);
  return html`
    <${Card} title=${t(words.holders)}>
      <${Loaded} load=${current ? load : { ...load, data: null }} empty=${html`<${Empty} icon="device" title=${t(words.noHolders)} />`}>
        ${(found) => {
          const kinds = byKind(live(found));
          const asked = kinds.filter(([kind, some]) => isAsked(kind, some)).flatMap(([, some]) => some);
          return html`
            <${Bar} holders=${asked} current=${current} />
            ${kinds.map(([kind, some]) => html`<${Kind} key=${kind} kind=${kind} holders=${some} current=${current} isAsked=${isAsked(kind, some)} />`)}`;
        }}
      <//>
    <//>`;
}
