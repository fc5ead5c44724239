/** Loading what a component shows: data, error and a way to ask again. */
import { useState, useEffect, useCallback, useRef } from './html.js';

/**
 * @template T
 * @param {() => Promise<T>} ask
 * @param {unknown[]} keys asked again when one of these changes
 * @returns {{data: T|null, error: Error|null, loading: boolean, reload: () => Promise<void>, set: (data: T) => void}}
 */
export function useLoad(ask, keys) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = (turn.current += 1);
    setState((old) => ({ ...old, loading: true }));
    try {
      const data = await ask();
      if (mine === turn.current) setState({ data, error: null, loading: false });
    } catch (error) {
      if (mine === turn.current) setState((old) => ({ data: old.data, error, loading: false }));
    }
  }, keys);
  useEffect(() => {
    reload();
    return () => {
      turn.current += 1;
    };
  }, keys);
  return { ...state, reload, set: (data) => setState({ data, error: null, loading: false }) };
}

/** Ask again and again while the component stands. */
export function useEvery(every_ms, act) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && latest.current(), every_ms);
    return () => clearInterval(timer);
  }, [every_ms]);
}

/** The value, once it has rested for `rest_ms`. */
export function useRested(value, rest_ms) {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), rest_ms);
    return () => clearTimeout(timer);
  }, [value, rest_ms]);
  return rested;
}
