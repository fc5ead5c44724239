/** A list that is loaded once and grows by events of one type, newest first. */
import { useState, useEffect } from '../../core/html.js';
import { get } from '../../core/api.js';
import { onEvent } from '../../core/store.js';
import { useLoad } from '../../core/load.js';

const MOST = 200;

/** @returns a `useLoad` result whose data also holds what has happened since. */
export function useLiveList(address, type) {
  const load = useLoad(() => get(address), [address]);
  const [fresh, setFresh] = useState([]);
  useEffect(() => onEvent(type, (one) => setFresh((old) => [one, ...old].slice(0, MOST))), [type]);
  const all = new Map([...fresh, ...(load.data ?? [])].map((one) => [one.id, one]));
  for (const one of load.data ?? []) all.set(one.id, one);
  return { ...load, data: load.data && [...all.values()].sort((a, b) => b.at_ms - a.at_ms) };
}
