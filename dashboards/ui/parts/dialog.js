/** A dialog on the browser's own <dialog>: focus stays inside, Escape closes, focus returns to where it was. */
import { html, useEffect, useRef, useId } from '../core/html.js';
import { t } from '../core/i18n.js';
import { Icon } from './icon.js';
import words from '../words/common.js';

/** @param {{title: string, onClose: () => void, wide?: boolean, children?: any}} props */
export function Dialog({ title, onClose, wide = false, children }) {
  const element = useRef(null);
  const name = useId();

  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    element.current.querySelector('[autofocus]')?.focus();
    return () => before?.isConnected && before.focus();
  }, []);

  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  // A press that begins and ends on the backdrop; a drag out of a text field must not close.
  const pressed = useRef(false);
  const onDown = (event) => {
    pressed.current = event.target === element.current;
  };
  const onUp = (event) => pressed.current && event.target === element.current && onClose();

  return html`
    <dialog class="dialog" data-wide=${wide} ref=${element} aria-labelledby=${name} onCancel=${onCancel} onPointerDown=${onDown} onPointerUp=${onUp}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id=${name}>${title}</h2>
          <button class="icon-button" type="button" aria-label=${t(words.close)} onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        ${children}
      </div>
    </dialog>`;
}
