/** The state of the device whose agent serves this page: asked once, then heard on its own event stream. */
import { signal } from './html.js';
import { get } from './api.js';
import { listen } from './live.js';
import { learnTime } from './clock.js';

/** The agent's whole state, or null until it is known. */
export const state = signal(null);

/** null, or why the state could not be had. */
export const stateError = signal(null);

export function take(next) {
  learnTime(next.now_ms);
  state.value = next;
  stateError.value = null;
}

/** Ask for the state now. */
export async function ask() {
  try {
    take(await get('/api/state'));
  } catch (error) {
    stateError.value = error;
  }
}

/** Follow the agent until the returned function is called. */
export function follow() {
  ask();
  return listen('/api/live', { state: take }, (again) => again && ask());
}
