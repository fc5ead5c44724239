/** The server's time, ticking once a second, so that countdowns and ages do not depend on this device's clock. */
import { signal } from './html.js';

let offset_ms = 0;

/** UTC milliseconds by the server's clock, updated each second. */
export const now = signal(Date.now());

/** UTC milliseconds by the server's clock, right now. */
export const serverNow = () => Date.now() + offset_ms;

/** Learn the server's clock from an answer that carried it. */
export function learnTime(server_ms) {
  if (!server_ms) return;
  offset_ms = server_ms - Date.now();
  now.value = serverNow();
}

setInterval(() => {
  now.value = serverNow();
}, 1000);
