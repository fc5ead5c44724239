/** What the marks mean, with switches for what may be hidden. */
import { html } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { LabelShape } from './marks.js';
import words, { labelStates } from '../../words/map.js';

const Sample = ({ children, ...attributes }) => html`<svg width="16" height="16" viewBox="-8 -8 16 16" aria-hidden="true" ...${attributes}>${children}</svg>`;

/** @param {{layers: Record<string, boolean>, onLayer: (name: string, on: boolean) => void, hasLabels: boolean}} props */
export const Legend = ({ layers, onLayer, hasLabels }) => html`
  <details class="map-legend map-over">
    <summary>${t(words.legend)}</summary>
    <div>
      ${hasLabels && html`<ul>
        ${Object.entries(labelStates).map(([state, word]) => html`
          <li key=${state}><${Sample} class="map-label" data-state=${state}><${LabelShape} state=${state} /><//>${t(word)}</li>`)}
      </ul>`}
      ${Object.entries(layers).map(([name, on]) => html`
        <label class="check" key=${name}><input type="checkbox" checked=${on} onChange=${(event) => onLayer(name, event.currentTarget.checked)} /> ${t(words[name])}</label>`)}
    </div>
  </details>`;
