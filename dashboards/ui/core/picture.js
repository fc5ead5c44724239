/** Pictures from the API whose absence has a reason worth saying: fetched, so that the error's sentence is at hand. */
import { useEffect } from './html.js';
import { failure, ApiError } from './api.js';
import { useLoad } from './load.js';

async function fetched(address, headers) {
  let response;
  try {
    response = await fetch(address, { credentials: 'same-origin', headers });
  } catch {
    throw new ApiError(0, 'no-answer');
  }
  if (!response.ok) throw failure(response.status, await response.json().catch(() => null));
  return URL.createObjectURL(await response.blob());
}

/** @returns a `useLoad` result whose data is an address for an <img>. @param {string} address @param {unknown[]} keys @param {Record<string, string>} [headers] */
export function usePicture(address, keys, headers = {}) {
  const load = useLoad(() => fetched(address, headers), keys);
  useEffect(() => () => load.data && URL.revokeObjectURL(load.data), [load.data]);
  return load;
}
