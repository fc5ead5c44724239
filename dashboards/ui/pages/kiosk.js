/** The wayfinding screen's page: find a product, see where it is. Served by the screen itself. */
import { html, start, useState, useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { AgentPage } from '../parts/agent-page.js';
import { LanguageSwitch, Mark } from '../parts/shell.js';
import { Icon } from '../parts/icon.js';
import { Network } from './cart/top.js';
import { Attract } from './kiosk/attract.js';
import { KioskSearch } from './kiosk/search.js';
import { KioskMap } from './kiosk/kiosk-map.js';
import { StillThere, useIdle } from './kiosk/idle.js';
import common from '../words/common.js';
import words from '../words/edge.js';

function Body({ state }) {
  const [chosen, setChosen] = useState(null);
  const [isLow, setLow] = useState(false);
  const idle = useIdle();
  useEffect(() => {
    // The next person starts afresh: full height, nothing chosen.
    if (!idle.isAway) return;
    setChosen(null);
    setLow(false);
  }, [idle.isAway]);

  if (idle.isAway) return html`<${Attract} state=${state} onTouch=${idle.touch} />`;
  return html`
    <header class="kiosk-top">
      <${Mark} size=${44} /><p><b>${t(state.site?.name) || 'Aisle'}</b></p>
      <${Network} state=${state} />
      <${LanguageSwitch} />
    </header>
    <main class="kiosk-main" data-low=${isLow}>
      <h1 class="visually-hidden">${t(common.kiosk)}</h1>
      <${KioskMap} state=${state} chosen=${chosen} onClear=${() => setChosen(null)} />
      <div class="kiosk-side">
        <${KioskSearch} state=${state} chosen=${chosen} onChoose=${setChosen} />
        <div class="kiosk-foot">
          <button class="button" data-size="large" onClick=${idle.leave}><${Icon} name="undo" /> ${t(words.startOver)}</button>
          <button class="button" data-size="large" aria-pressed=${isLow} onClick=${() => setLow(!isLow)}><${Icon} name=${isLow ? 'raise' : 'lower'} /> ${t(isLow ? words.raise : words.lower)}</button>
        </div>
      </div>
    </main>
    ${idle.leaving_s != null && html`<${StillThere} seconds=${idle.leaving_s} onStay=${idle.touch} onLeave=${idle.leave} />`}`;
}

start(() => html`<${AgentPage} title=${common.kiosk} name="kiosk">${(state) => html`<${Body} state=${state} />`}<//>`);
