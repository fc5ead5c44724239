/** Let a label's light flash, so that it is found on the shelf. */
import { html, useState } from '../core/html.js';
import { t } from '../core/i18n.js';
import { path, post } from '../core/api.js';
import { storeId } from '../core/store.js';
import { Icon } from './icon.js';
import { complain, toast } from './toast.js';
import words from '../words/map.js';

/** @param {{label: {id: string}}} props */
export function FlashButton({ label }) {
  const [busy, setBusy] = useState(false);
  const flash = async () => {
    setBusy(true);
    try {
      await post(path(['api', 'labels', label.id, 'flash']), { store: storeId.value });
      toast(t(words.flashing, { name: label.id }));
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  };
  return html`<button class="button" data-look="quiet" disabled=${busy} onClick=${flash} aria-label=${t(words.flashOne, { name: label.id })}><${Icon} name="bulb" size=${18} /> ${t(words.flash)}</button>`;
}
