/** Offers by zone, and the log of what was decided for each cart. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, del, path } from '../../core/api.js';
import { storeId } from '../../core/store.js';
import { zoneName } from '../../core/zone.js';
import { useLoad } from '../../core/load.js';
import { Card } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { toast } from '../../parts/toast.js';
import { OfferDialog } from './offer-dialog.js';
import { Decisions } from './decisions.js';
import common from '../../words/common.js';
import words from '../../words/manager.js';

const Offer = ({ offer, onEdit, onRemove }) => html`
  <li class="row">
    <span class="row-icon" data-tone="offer"><${Icon} name="gift" /></span>
    <span class="row-text"><b>${t(offer.headline)}</b><small>${zoneName(offer.zone)} · ${t(words.dwellShort, { count: offer.dwell_s })} · ${t(words.perTripShort, { count: offer.per_trip })}</small></span>
    <button class="icon-button" aria-label=${`${t(words.editOffer)}: ${t(offer.headline)}`} onClick=${onEdit}><${Icon} name="edit" size=${18} /></button>
    <button class="icon-button" aria-label=${`${t(common.remove)}: ${t(offer.headline)}`} onClick=${onRemove}><${Icon} name="trash" size=${18} /></button>
  </li>`;

export function Offers() {
  const load = useLoad(() => get(path(['api', 'stores', storeId.value, 'offers'])), [storeId.value]);
  const [editing, setEditing] = useState(null);
  const [removing, setRemoving] = useState(null);
  const remove = async () => {
    await del(path(['api', 'stores', storeId.value, 'offers', removing.id]));
    toast(t(words.offerRemoved));
    load.reload();
  };
  return html`
    <div class="two-columns">
      <${Card} title=${t(words.offersByZone)} flush side=${html`<button class="button" onClick=${() => setEditing({})}><${Icon} name="plus" size=${18} /> ${t(words.newOffer)}</button>`}>
        <${Loaded} load=${load} empty=${html`<${Empty} icon="gift" title=${t(words.noOffers)} note=${t(words.noOffersNote)} />`}>
          ${(offers) => html`<ul class="rows">${offers.map((offer) => html`
            <${Offer} key=${offer.id} offer=${offer} onEdit=${() => setEditing(offer)} onRemove=${() => setRemoving(offer)} />`)}</ul>`}
        <//>
      <//>
      <${Decisions} offers=${load.data ?? []} />
    </div>
    ${editing && html`<${OfferDialog} offer=${editing} onDone=${load.reload} onClose=${() => setEditing(null)} />`}
    ${removing && html`<${Confirm} title=${t(words.removeOffer)} note=${t(words.removeOfferNote)} action=${t(common.remove)} tone="danger" onDo=${remove} onClose=${() => setRemoving(null)}>
      <p><b>${t(removing.headline)}</b></p><//>`}`;
}
