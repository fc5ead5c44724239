/** All claim codes of a store and what became of them. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { del, path } from '../../core/api.js';
import { now } from '../../core/clock.js';
import { countdown } from '../../core/format.js';
import { href } from '../../core/route.js';
import { Badge, Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { toast, complain } from '../../parts/toast.js';
import words from '../../words/tech.js';

const TONES = { open: 'busy', used: 'ok', expired: 'plain' };
const STATES = { open: words.claimOpen, used: words.claimUsed, expired: words.claimExpired };

const Row = ({ claim, onWithdraw }) => html`
  <li class="row">
    <span class="row-icon"><${Icon} name=${kindIcon(claim.kind)} /></span>
    <span class="row-text"><b>${claim.name}</b><small>${claim.device
      ? html`<a href=${href('devices', claim.device)}>${claim.device}</a>`
      : claim.state === 'open' ? t(words.expiresIn, { left: countdown(claim.expires_ms - now.value) }) : claim.kind} · ${claim.by}</small></span>
    <${Badge} tone=${TONES[claim.state]}>${t(STATES[claim.state])}<//>
    ${claim.state === 'open' && html`<button class="button" data-size="small" onClick=${() => onWithdraw(claim)}>${t(words.withdraw)}</button>`}
  </li>`;

export function Claims({ load }) {
  const withdraw = async (claim) => {
    try {
      await del(path(['api', 'claims', claim.id]));
      toast(t(words.withdrawn));
      load.reload();
    } catch (error) {
      complain(error);
    }
  };
  return html`
    <${Card} title=${t(words.claims)} flush>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="barcode" title=${t(words.noClaims)} />`}>
        ${(claims) => html`<ul class="rows">${claims.map((claim) => html`<${Row} key=${claim.id} claim=${claim} onWithdraw=${withdraw} />`)}</ul>`}
      <//>
    <//>`;
}
