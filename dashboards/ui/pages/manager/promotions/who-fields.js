/** For whom a promotion is: everybody, members of some tiers, or those with a coupon. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { Field } from '../../../parts/bits.js';
import words from '../../../words/promotions.js';

const WAYS = { everybody: words.everybody, members: words.members, coupon: words.withCoupon };
const TIER = /^[a-z0-9][a-z0-9-]{0,62}$/;

const tiersOf = (text) => text.split(/[,，\s]+/).filter(Boolean);

export const whoOf = (promotion) => ({
  way: promotion?.coupon ? 'coupon' : promotion?.tiers?.length ? 'members' : 'everybody',
  tiers: promotion?.tiers?.join(', ') ?? '',
  coupon: promotion?.coupon ?? '',
});

export function wrongWho(who) {
  const tiers = tiersOf(who.tiers);
  if (who.way === 'members' && !(tiers.length && tiers.every((tier) => TIER.test(tier)))) return { tiers: t(words.tiersWrong) };
  if (who.way === 'coupon' && !who.coupon.trim()) return { coupon: t(words.couponWrong) };
  return {};
}

/** The contract's fields. */
export const whoBody = (who) => ({ tiers: who.way === 'members' ? tiersOf(who.tiers) : [], coupon: who.way === 'coupon' ? who.coupon.trim() : null });

export const WhoFields = ({ who, wrong, onChange }) => html`
  <fieldset class="choices" data-look="row">
    <legend>${t(words.who)}</legend>
    ${Object.entries(WAYS).map(([way, word]) => html`
      <label class="check" key=${way}><input type="radio" name="who" checked=${who.way === way} onChange=${() => onChange({ ...who, way })} /> ${t(word)}</label>`)}
  </fieldset>
  ${who.way === 'members' && html`
    <${Field} label=${t(words.tiers)} id="promotion-tiers" error=${wrong.tiers} note=${t(words.tiersNote)}>
      <input id="promotion-tiers" autocomplete="off" autocapitalize="none" aria-invalid=${Boolean(wrong.tiers)} aria-describedby="promotion-tiers-note" value=${who.tiers} onInput=${(event) => onChange({ ...who, tiers: event.currentTarget.value })} />
    <//>`}
  ${who.way === 'coupon' && html`
    <${Field} label=${t(words.coupon)} id="promotion-coupon" error=${wrong.coupon}>
      <input id="promotion-coupon" maxlength="64" autocomplete="off" aria-invalid=${Boolean(wrong.coupon)} value=${who.coupon} onInput=${(event) => onChange({ ...who, coupon: event.currentTarget.value })} />
    <//>`}`;
