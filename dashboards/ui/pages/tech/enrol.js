/** Enrolling a device: kind and name, then a code, until the device appears. */
import { html, useState, useEffect } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, post, path, sentence } from '../../core/api.js';
import { storeId, onEvent } from '../../core/store.js';
import { useLoad, useEvery } from '../../core/load.js';
import { Card, Field } from '../../parts/bits.js';
import { Loaded } from '../../parts/states.js';
import { Icon, kindIcon } from '../../parts/icon.js';
import { Claim } from './claim.js';
import { Claims } from './claims.js';
import words from '../../words/tech.js';

const ASK_MS = 2000;

function NewClaim({ kinds, onMade }) {
  const [kind, setKind] = useState(kinds[0]?.id);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);

  async function onSubmit(event) {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get('name').trim();
    setBusy(true);
    setError(null);
    try {
      onMade(await post(path(['api', 'stores', storeId.value, 'claims']), { kind, name }));
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  }
  return html`
    <form class="claim-form" onSubmit=${onSubmit}>
      <p class="muted">${t(words.newClaimNote)}</p>
      <div class="kinds" role="radiogroup" aria-label=${t(words.newClaim)}>
        ${kinds.map((one) => html`
          <label class="kind" key=${one.id}><input class="visually-hidden" type="radio" name="kind" value=${one.id} checked=${kind === one.id} onChange=${() => setKind(one.id)} />
            <${Icon} name=${kindIcon(one.id)} size=${26} /><span>${t(one.name)}</span></label>`)}
      </div>
      <${Field} label=${t(words.deviceName)} id="claim-name"><input id="claim-name" name="name" required maxlength="60" autocomplete="off" placeholder=${t(words.deviceNameHint)} /><//>
      ${error && html`<p class="field-error" role="alert">${sentence(error)}</p>`}
      <button class="button" data-look="primary" data-size="large" disabled=${busy}>${t(words.makeClaim)}</button>
    </form>`;
}

export function Enrol() {
  const kinds = useLoad(() => get('/api/kinds'), []);
  const claims = useLoad(() => get(path(['api', 'stores', storeId.value, 'claims'])), [storeId.value]);
  const [claim, setClaim] = useState(null);
  const state = claims.data?.find((one) => one.id === claim?.id);

  // A device that appears closes a claim: ask at once then, and every little while as well.
  useEffect(() => onEvent('device', claims.reload), [claims.reload]);
  useEvery(ASK_MS, () => claim && state?.state !== 'used' && claims.reload());

  const made = (fresh) => {
    setClaim(fresh);
    claims.reload();
  };
  return html`
    <div class="two-columns" data-look="wide-left">
      <${Card} title=${claim ? claim.name : t(words.newClaim)}>
        ${claim
          ? html`<${Claim} claim=${claim} state=${state} onAnother=${() => setClaim(null)} />`
          : html`<${Loaded} load=${kinds}>${(list) => html`<${NewClaim} kinds=${list} onMade=${made} />`}<//>`}
      <//>
      <${Claims} load=${claims} />
    </div>`;
}
