/** Which offer was shown to which cart or held back, and why. */
import { html, useState, useEffect } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { clockTime, percent } from '../../core/format.js';
import { storeId, devices, onEvent } from '../../core/store.js';
import { zoneName } from '../../core/zone.js';
import { useLoad } from '../../core/load.js';
import { Badge, Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import common from '../../words/common.js';
import words, { outcomes } from '../../words/manager.js';

const MOST = 100;
const identity = (decision) => `${decision.device} ${decision.offer} ${decision.at_ms}`;

export function Decisions({ offers }) {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'decisions'])), [storeId.value]);
  const [fresh, setFresh] = useState([]);
  useEffect(() => onEvent('offer', (decision) => setFresh((old) => [decision, ...old].slice(0, MOST))), []);
  const all = [...new Map([...fresh, ...(load.data ?? [])].map((one) => [identity(one), one])).values()].sort((a, b) => b.at_ms - a.at_ms).slice(0, MOST);
  const headline = (decision) => t(decision.headline ?? offers.find((offer) => offer.id === decision.offer)?.headline) || decision.offer;
  return html`
    <${Card} title=${t(words.decisions)} flush>
      <${Loaded} load=${{ ...load, data: load.data && all }} empty=${html`<${Empty} icon="gift" title=${t(words.noDecisions)} />`}>
        ${(decisions) => html`
          <div class="scroll" tabindex="0" role="group" aria-label=${t(words.decisions)}>
            <table class="table">
              <thead><tr><th scope="col">${t(words.offer)}</th><th scope="col">${t(common.time)}</th><th scope="col">${t(words.outcome)}</th><th scope="col" class="num wide-only">${t(words.probability)}</th></tr></thead>
              <tbody>${decisions.map((decision) => html`
                <tr key=${identity(decision)}>
                  <th scope="row"><b>${headline(decision)}</b><small>${devices.value.get(decision.device)?.name || decision.device} · ${zoneName(decision.zone)}</small></th>
                  <td>${clockTime(decision.at_ms)}</td>
                  <td><${Badge} tone=${decision.outcome === 'shown' ? 'ok' : 'plain'}>${t(outcomes[decision.outcome]) || decision.outcome}<//>${decision.reason && html`<small>${decision.reason}</small>`}</td>
                  <td class="num wide-only">${percent(decision.probability)}</td>
                </tr>`)}</tbody>
            </table>
          </div>`}
      <//>
    <//>`;
}
