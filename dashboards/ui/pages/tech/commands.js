/** Commands of a device's kind, and what became of those sent. */
import { html, useState } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { get, post, path } from '../../core/api.js';
import { useLoad } from '../../core/load.js';
import { Badge, Ago } from '../../parts/bits.js';
import { Confirm } from '../../parts/confirm.js';
import { Icon } from '../../parts/icon.js';
import { toast, complain } from '../../parts/toast.js';
import words, { commandNames } from '../../words/tech.js';

const ICONS = { locate: 'locate', reboot: 'power', play: 'play', stop: 'stop' };
const TONES = { sent: 'busy', done: 'ok', failed: 'bad', expired: 'plain' };
const STATES = { sent: words.sent, done: words.done, failed: words.failedState, expired: words.expiredState };
/** `play` needs a sound: it is sent from the manager's page. */
const FROM_HERE = ['locate', 'reboot', 'stop'];
const nameOf = (name) => t(commandNames[name]) || name;

export function Commands({ device, onSent }) {
  const kinds = useLoad(() => get('/api/kinds'), []);
  const [asked, setAsked] = useState(false);
  const names = (kinds.data?.find((kind) => kind.id === device.kind)?.commands ?? []).filter((name) => FROM_HERE.includes(name));
  const send = async (name) => {
    await post(path(['api', 'devices', device.id, 'commands']), { name, arguments: {} });
    toast(t(words.commandSent, { name: nameOf(name) }));
    onSent();
  };
  return html`
    <p class="buttons">${names.map((name) => html`
      <button class="button" key=${name} onClick=${() => (name === 'reboot' ? setAsked(true) : send(name).catch(complain))}><${Icon} name=${ICONS[name]} size=${18} /> ${nameOf(name)}</button>`)}</p>
    ${(device.commands ?? []).length === 0 ? html`<p class="muted">${t(words.noCommands)}</p>` : html`
      <ul class="rows" data-size="small">${device.commands.slice(0, 8).map((command) => html`
        <li class="row" key=${command.id}><span class="row-text"><b>${nameOf(command.name)}</b><small><${Ago} ms=${command.made_ms} />${command.detail ? ` · ${command.detail}` : ''}</small></span>
          <${Badge} tone=${TONES[command.state]}>${t(STATES[command.state])}<//></li>`)}</ul>`}
    ${asked && html`<${Confirm} title=${t(words.sureReboot, { name: device.name || device.id })} note=${t(words.sureRebootNote)} action=${nameOf('reboot')} onDo=${() => send('reboot')} onClose=${() => setAsked(false)} />`}`;
}
