/** What just happened in the store, newest first. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { money, number, span } from '../../core/format.js';
import { feed, devices } from '../../core/store.js';
import { Ago } from '../../parts/bits.js';
import { Empty } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { refused } from '../../words/edge.js';
import words from '../../words/manager.js';

const MOST = 40;

const BASKET = {
  'line-added': (data) => t(words.added, { price: money(data.price_minor) }),
  'line-removed': () => t(words.removed),
  closed: () => t(words.closed),
};

const CHECKS = {
  'please-check': words.checkAsked,
  'please-scan': words.scanAsked,
  removed: words.checkRemoved,
  'taken-out': words.checkTakenOut,
  scanned: words.checkScanned,
  insisted: words.checkInsisted,
  left: words.checkLeft,
};

/** Event type to its icon and sentence. */
const TOLD = {
  code: (data) => ['barcode', t(words.scanned, { product: t(data.name) })],
  'code-refused': (data) => ['alert', t(words.turnedAway, { why: t(refused[data.reason] ?? refused.unknown) })],
  basket: (data) => ['cart', BASKET[data.kind]?.(data) ?? data.kind],
  'basket-check': (data) => ['info', t(CHECKS[data.answer ?? data.verdict] ?? words.checkAsked, { product: t(data.name) || data.gtin || '' })],
  people: (data) => ['user', t(words.peopleCounted, { people: number(data.people), span: span(data.seconds * 1000) })],
  offer: (data) => ['gift', t(data.outcome === 'shown' ? words.offerShown : words.offerKept, { headline: t(data.headline) })],
  play: (data) => ['sound', t(words.played, { title: data.title })],
};

export function Feed() {
  const events = feed.value.filter((event) => TOLD[event.type]).slice(0, MOST);
  if (!events.length) return html`<${Empty} icon="pulse" title=${t(words.quiet)} note=${t(words.quietNote)} />`;
  return html`
    <ol class="feed">
      ${events.map(({ type, key, data }) => {
        const [icon, text] = TOLD[type](data);
        return html`
          <li key=${key}>
            <span class="feed-icon"><${Icon} name=${icon} size=${18} /></span>
            <span class="feed-text"><b>${devices.value.get(data.device)?.name || data.device}</b> ${text}</span>
            <span class="feed-time"><${Ago} ms=${data.at_ms} /></span>
          </li>`;
      })}
    </ol>`;
}
