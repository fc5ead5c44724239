/** A template tried on a product while it is written: the newest picture, or what is wrong and where. */
import { useEffect, useState } from '../../../core/html.js';
import { post, path, sentence } from '../../../core/api.js';
import { storeId } from '../../../core/store.js';
import { useRested } from '../../../core/load.js';

const REST_MS = 150;

export const templatesPath = (...parts) => path(['api', 'stores', storeId.value, 'templates', ...parts]);

/** @returns {{picture: string|null, product: object|null, problem: string, field: string, took_ms: number|null}} */
export function useTried(template, gtin) {
  const rested = useRested(template, REST_MS);
  const [found, setFound] = useState({ picture: null, product: null, problem: '', field: '', took_ms: null });
  useEffect(() => {
    let isMine = true;
    post(templatesPath('try'), { template: rested, ...(gtin ? { gtin } : {}) }).then(
      (tried) => isMine && setFound((old) => ({
        picture: tried.png ? `data:image/png;base64,${tried.png}` : old.picture,
        product: { gtin: tried.gtin, name: tried.name }, problem: tried.problem, field: '', took_ms: tried.took_us / 1000,
      })),
      (error) => isMine && setFound((old) => ({ ...old, problem: sentence(error), field: error.field ?? '', took_ms: null })),
    );
    return () => {
      isMine = false;
    };
  }, [rested, gtin, storeId.value]);
  return found;
}
