/** Price lists from elsewhere: choose, follow, see what came of it; and what such a file looks like. */
import { html } from '../../../core/html.js';
import { running } from './running.js';
import { Choose } from './choose.js';
import { Progress } from './progress.js';
import { Result } from './result.js';
import { Format } from './format.js';

function Part() {
  const one = running.value;
  if (!one || one.error) return html`<${Choose} failed=${one} />`;
  return one.result ? html`<${Result} one=${one} />` : html`<${Progress} one=${one} />`;
}

export const Imports = () => html`
  <div class="two-columns">
    <div class="column"><${Part} /></div>
    <${Format} />
  </div>`;
