/** Security events: who tried what. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { when } from '../../core/format.js';
import { Badge, Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { useLiveList } from './live-list.js';
import common from '../../words/common.js';
import words from '../../words/hq.js';

export function Security() {
  const load = useLiveList('/api/security', 'security');
  return html`
    <${Card} title=${t(words.security)} flush className="wide-card">
      <${Loaded} load=${load} empty=${html`<${Empty} icon="shield" title=${t(words.noSecurity)} note=${t(words.noSecurityNote)} />`}>
        ${(events) => html`
          <table class="table">
            <thead><tr><th scope="col">${t(common.time)}</th><th scope="col">${t(common.device)}</th><th scope="col">${t(words.what)}</th></tr></thead>
            <tbody>${events.map((event) => html`
              <tr key=${event.id}><td>${when(event.at_ms)}</td><th scope="row">${event.device || '—'}</th><td><${Badge} tone="bad" icon="shield">${event.kind}<//><small>${event.detail}</small></td></tr>`)}</tbody>
          </table>`}
      <//>
    <//>`;
}
