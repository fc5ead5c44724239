/** Play records: what sounded where, how near to its time, whether to its end, and the hash of what went out. */
import { html, useState, useEffect } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, path } from '../../core/api.js';
import { clockTime, number, when } from '../../core/format.js';
import { storeId, devices, onEvent } from '../../core/store.js';
import { useLoad } from '../../core/load.js';
import { Badge, Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import common from '../../words/common.js';
import words from '../../words/manager.js';

const MOST = 100;
/** A record is made when the sound ends. */
const began = (play) => play.at_ms - Math.round(play.duration_s * 1000);
const offset = (play) => `${began(play) >= play.due_ms ? '+' : '−'}${number(Math.abs(began(play) - play.due_ms))} ms`;

const Proof = ({ play }) => {
  // The hash is over the samples after the volume was applied, so that it never equals the file's.
  const hash = html`<small title=${play.sounded_sha256}><code>${play.sounded_sha256.slice(0, 8)}</code></small>`;
  return play.complete
    ? html`<${Badge} tone="ok" icon="check">${t(words.inFull)}<//>${hash}`
    : html`<${Badge} tone="busy" icon="alert">${t(words.cutShort)}<//>${hash}`;
};

const Play = ({ play }) => html`
  <tr>
    <th scope="row"><b>${play.title}</b><small>${devices.value.get(play.device)?.name || play.device}</small></th>
    <td title=${when(play.due_ms)}>${clockTime(began(play))}</td>
    <td class="num">${offset(play)}</td>
    <td class="num wide-only">${number(play.level_dbfs, 1)} dBFS</td>
    <td><${Proof} play=${play} /></td>
  </tr>`;

export function Plays({ onPlay }) {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'plays'])), [storeId.value]);
  const [fresh, setFresh] = useState([]);
  useEffect(() => onEvent('play', (play) => {
    setFresh((old) => [play, ...old].slice(0, MOST));
    onPlay();
  }), []);
  const identity = (play) => `${play.device} ${play.item} ${play.at_ms}`;
  const all = [...new Map([...fresh, ...(load.data ?? [])].map((play) => [identity(play), play])).values()].sort((a, b) => b.at_ms - a.at_ms).slice(0, MOST);
  return html`
    <${Card} title=${t(words.plays)} flush>
      <${Loaded} load=${{ ...load, data: load.data && all }} empty=${html`<${Empty} icon="sound" title=${t(words.noPlays)} />`}>
        ${(plays) => html`
          <div class="scroll" tabindex="0" role="group" aria-label=${t(words.plays)}>
            <table class="table">
              <thead><tr><th scope="col">${t(words.title)}</th><th scope="col">${t(common.time)}</th><th scope="col" class="num">${t(words.late)}</th>
                <th scope="col" class="num wide-only">${t(words.level)}</th><th scope="col">${t(words.proof)}</th></tr></thead>
              <tbody>${plays.map((play) => html`<${Play} key=${identity(play)} play=${play} />`)}</tbody>
            </table>
          </div>`}
      <//>
    <//>`;
}
