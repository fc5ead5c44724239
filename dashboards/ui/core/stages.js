/**
 * How far a price change has come: who confirmed, who is waited for. Pure rules over the API's Change.
 * Down: held → charged → prepared → armed → shown. Up: held → prepared → armed → shown → released → charged
 * (labels first, money last).
 */

const CHARGES = ['cart', 'till'];

/** @typedef {{id: string, total: number, done: number, at_ms: number|null, waiting: string[]}} Stage */

/** @returns {Stage} */
function stage(id, list, key, name) {
  const times = list.map((one) => one[key]).filter((ms) => ms != null);
  return {
    id,
    total: list.length,
    done: times.length,
    at_ms: list.length > 0 && times.length === list.length ? Math.max(...times) : null,
    waiting: list.filter((one) => one[key] == null).map(name),
  };
}

const single = (id, at_ms) => ({ id, total: 1, done: at_ms == null ? 0 : 1, at_ms: at_ms ?? null, waiting: [] });

/** The stages of a change in the order that the price law asks for. @returns {Stage[]} */
export function stages(change) {
  const tills = change.devices.filter((one) => CHARGES.includes(one.kind));
  const held = stage('held', change.devices, 'held_ms', (one) => one.device);
  const charged = stage('charged', tills, 'charged_ms', (one) => one.device);
  const prepared = stage('prepared', change.labels, 'prepared_ms', (one) => one.label);
  const armed = stage('armed', change.labels, 'armed_ms', (one) => one.label);
  const shown = stage('shown', change.labels, 'shown_ms', (one) => one.label);
  const middle = change.direction === 'up'
    ? [held, prepared, armed, shown, single('released', change.released_ms), charged]
    : [held, charged, prepared, armed, shown];
  return [
    single('published', change.made_ms),
    // A product without labels, or a store without carts, has no such stage.
    ...middle.filter((one) => one.total > 0),
    single('confirmed', change.confirmed_ms),
  ];
}

/** The first stage that is not finished, or null. @param {Stage[]} all */
export const current = (all) => all.find((one) => one.done < one.total) ?? null;
