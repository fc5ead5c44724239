/** Sound: what there is, when it plays, what has played. */
import { html, useState } from '../../core/html.js';
import { get, path } from '../../core/api.js';
import { storeId } from '../../core/store.js';
import { useLoad } from '../../core/load.js';
import { UploadCard } from './upload.js';
import { Assets } from './assets.js';
import { Slots } from './slots.js';
import { Plays } from './plays.js';
import { ScheduleDialog } from './schedule-dialog.js';

const list = (name) => () => get(path(['api', 'stores', storeId.value, name]));

export function Sound() {
  const assets = useLoad(list('assets'), [storeId.value]);
  const slots = useLoad(list('schedule'), [storeId.value]);
  const [chosen, setChosen] = useState(null);
  return html`
    <div class="two-columns">
      <div class="column">
        <${UploadCard} onUploaded=${assets.reload} />
        <${Assets} load=${assets} onSchedule=${setChosen} />
      </div>
      <div class="column">
        <${Slots} load=${slots} />
        <${Plays} onPlay=${slots.reload} />
      </div>
    </div>
    ${chosen && html`<${ScheduleDialog} asset=${chosen} onDone=${slots.reload} onClose=${() => setChosen(null)} />`}`;
}
