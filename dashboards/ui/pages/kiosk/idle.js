/** Noticing that nobody is there: after a while a question, then the attract screen. */
import { html, useState, useEffect, useRef } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { Dialog } from '../../parts/dialog.js';
import words from '../../words/edge.js';

/** Longer than a minute, and never without a warning: people read and reach at their own speed. */
const ASK_AFTER_S = 75;
const LEAVE_AFTER_S = 90;
const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchmove'];

/** @returns {{isAway: boolean, leaving_s: number|null, touch: () => void, leave: () => void}} */
export function useIdle() {
  const [isAway, setAway] = useState(true);
  const [quiet_s, setQuiet] = useState(0);
  const touched = useRef(performance.now());
  const touch = () => {
    touched.current = performance.now();
    setQuiet(0);
    setAway(false);
  };
  useEffect(() => {
    const note = () => {
      touched.current = performance.now();
      setQuiet(0);
    };
    for (const sign of SIGNS) addEventListener(sign, note, { passive: true });
    const timer = setInterval(() => {
      const quiet = Math.floor((performance.now() - touched.current) / 1000);
      setQuiet(quiet);
      if (quiet >= LEAVE_AFTER_S) setAway(true);
    }, 1000);
    return () => {
      for (const sign of SIGNS) removeEventListener(sign, note);
      clearInterval(timer);
    };
  }, []);
  return { isAway, leaving_s: !isAway && quiet_s >= ASK_AFTER_S ? LEAVE_AFTER_S - quiet_s : null, touch, leave: () => setAway(true) };
}

export const StillThere = ({ seconds, onStay, onLeave }) => html`
  <${Dialog} title=${t(words.still)} onClose=${onStay}>
    <p role="timer">${t(words.stillNote, { seconds })}</p>
    <footer class="dialog-foot">
      <button class="button" data-size="large" onClick=${onLeave}>${t(words.startOver)}</button>
      <button class="button" data-look="primary" data-size="large" autofocus onClick=${onStay}>${t(words.stay)}</button>
    </footer>
  <//>`;
