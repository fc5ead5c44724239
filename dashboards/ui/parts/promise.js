/** What a survey promises, in figures and advice. */
import { html } from '../core/html.js';
import { t } from '../core/i18n.js';
import { metres, percent } from '../core/format.js';
import { zoneName } from '../core/zone.js';
import { Badge } from './bits.js';
import words from '../words/survey.js';

const Figure = ({ name, value, note }) => html`<div class="figure"><dt>${name}</dt><dd>${value}</dd>${note && html`<dd class="muted">${note}</dd>`}</div>`;

/** @param {{level: object}} props one level of a promise */
export const Figures = ({ level }) => level.p75_m != null && html`
  <dl class="figures">
    <${Figure} name=${t(words.expected)} value=${metres(level.p75_m)} note=${t(words.expectedNote)} />
    <${Figure} name=${t(words.worst)} value=${metres(level.worst_tenth_m)} />
    <${Figure} name=${t(words.surveyedShare)} value=${percent(level.surveyed_share)} />
    <${Figure} name=${t(words.area)} value=${`${Math.round(level.area_m2)} m²`} />
  </dl>`;

const at = (change) => ({ ...change, x: change.x_m.toFixed(1), y: change.y_m.toFixed(1), p75: metres(change.p75_m) });

export const Advice = ({ level }) => html`
  <ul class="advice">
    ${level.add && html`<li>${t(words.add, at(level.add))}</li>`}
    ${level.move && html`<li>${t(words.move, at(level.move))}</li>`}
    ${!level.add && !level.move && html`<li>${t(words.noAdvice)}</li>`}
  </ul>`;

export const ZoneTable = ({ zones }) => html`
  <table class="table zone-table">
    <thead><tr><th scope="col">${t(words.zonesFor)}</th><th scope="col" class="num">${t(words.recall)}</th><th scope="col" class="num wide-only">${t(words.precision)}</th><th scope="col"><span class="visually-hidden">${t(words.advice)}</span></th></tr></thead>
    <tbody>${zones.map((zone) => html`
      <tr key=${zone.zone}>
        <td>${zoneName(zone.zone)}</td><td class="num">${percent(zone.recall)}</td><td class="num wide-only">${percent(zone.precision)}</td>
        <td><${Badge} tone=${zone.is_enough ? 'ok' : 'bad'}>${t(zone.is_enough ? words.zoneGood : words.zoneSmall)}<//></td>
      </tr>`)}</tbody>
  </table>`;
