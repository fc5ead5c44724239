/** The bays of a store as the cloud knows them, and the way to the gateway's page, where photos are compared. */
import { useEffect } from '../core/html.js';
import { t } from '../core/i18n.js';
import { get, path, post } from '../core/api.js';
import { useLoad } from '../core/load.js';
import { onEvent, storeId } from '../core/store.js';
import { complain, toast } from './toast.js';
import words from '../words/tasks.js';

export const baysPath = (...parts) => path(['api', 'stores', storeId.value, 'bays', ...parts]);

export function useBays() {
  const load = useLoad(() => get(baysPath()), [storeId.value]);
  useEffect(() => onEvent('shelf', load.reload), [storeId.value]);
  return load;
}

/** Go to the gateway's page with a pass for it, which the address carries after `#`, where no server sees it. */
export async function photograph(bay) {
  try {
    const { staff_pass, url } = await post(path(['api', 'stores', storeId.value, 'pass']));
    if (url) location.assign(`${url}/#${new URLSearchParams({ pass: staff_pass, bay, back: location.href })}`);
    else toast(t(words.noGateway), 'bad');
  } catch (error) {
    complain(error);
  }
}
