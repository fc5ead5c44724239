/** Price changes that were made together, as one. Pure rules over the API's changes. */
import { begins_ms } from '../../../core/store.js';

/** @typedef {{key: string, group: string, effective_ms: number, made_ms: number, by: string, reason: string, book_version: number, changes: object[]}} Group */

/** Changes of one group that begin at the same instant, in the order of their first. @returns {Group[]} */
export function grouped(changes) {
  const found = new Map();
  for (const change of changes) {
    const key = change.group ? `${change.group} ${change.effective_ms}` : String(change.id);
    const { group, effective_ms, made_ms, by, reason, book_version } = change;
    if (!found.has(key)) found.set(key, { key, group, effective_ms, made_ms, by, reason, book_version, changes: [] });
    found.get(key).changes.push(change);
  }
  return [...found.values()];
}

/** What is planned, soonest first; a return to the price before stands with the plan that it belongs to. @returns {(Group & {back: Group|null, isReturn: boolean})[]} */
export function plans(changes) {
  const planned = grouped(changes.filter((change) => change.state === 'planned')).sort((a, b) => a.effective_ms - b.effective_ms);
  const heads = new Map();
  for (const one of planned) {
    const name = one.group || one.key;
    if (heads.has(name)) heads.get(name).back = one;
    else heads.set(name, { ...one, back: null, isReturn: changes.some((change) => one.group && change.group === one.group && change.state !== 'planned' && begins_ms(change) < one.effective_ms) });
  }
  return [...heads.values()];
}
