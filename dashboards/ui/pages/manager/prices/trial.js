/** Asking the server what something would do before it is done, once the fields have rested. */
import { post } from '../../../core/api.js';
import { useLoad, useRested } from '../../../core/load.js';

const REST_MS = 300;

/**
 * @param {string} target @param {object|null} body null while the fields say nothing that could be tried
 * @returns {{state: 'idle'|'busy'|'failed'|'known', data: any, error: Error|null, reload: () => void}}
 */
export function useTrial(target, body) {
  const wanted = body && JSON.stringify(body);
  const asked = useRested(wanted, REST_MS);
  const load = useLoad(async () => asked && { asked, effect: await post(target, JSON.parse(asked)) }, [target, asked]);
  const known = load.data?.asked === asked ? load.data.effect : null;
  let state = 'known';
  if (!wanted) state = 'idle';
  else if (wanted !== asked || (!known && load.loading)) state = 'busy';
  else if (load.error) state = 'failed';
  return { state, data: load.data?.effect ?? null, error: load.error, reload: load.reload };
}
