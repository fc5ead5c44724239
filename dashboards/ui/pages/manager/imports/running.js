/** The import that this page runs: kept outside of its view, so that one may look at other pages meanwhile. */
import { signal } from '../../../core/html.js';
import { get, upload, path } from '../../../core/api.js';

const EVERY_MS = 500;

/** null, or {name, job, store, share, progress, result, error}. */
export const running = signal(null);

const note = (news) => {
  running.value = { ...running.value, ...news };
};

const newJob = () => `page-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;

/** Send a price list and follow it to its end. @param {string} store @param {File} file */
export async function runImport(store, file) {
  const job = newJob();
  const target = ['api', 'stores', store, 'imports', job];
  const isMine = () => running.value?.job === job;
  running.value = { name: file.name, job, store, share: 0, progress: null, result: null, error: null };
  const form = new FormData();
  form.append('file', file);
  let isAsking = false;
  const poll = setInterval(async () => {
    // Until it is all sent the server does not know of it.
    if (isAsking || !isMine() || running.value.share < 1) return;
    isAsking = true;
    const progress = await get(path(target)).catch(() => null);
    isAsking = false;
    if (progress && isMine() && !running.value.result) note({ progress });
  }, EVERY_MS);
  try {
    const result = await upload(path(target), form, (share) => isMine() && note({ share }));
    if (isMine()) note({ result, share: 1 });
  } catch (error) {
    if (isMine()) note({ error });
  } finally {
    clearInterval(poll);
  }
}

/** Where the rows that were not taken can be had. */
export const rejectedAddress = (one) => path(['api', 'stores', one.store, 'imports', one.job, 'rejected.csv']);
