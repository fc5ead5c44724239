/** Names of zones of the store that is open. */
import { t } from './i18n.js';
import { site } from './store.js';

export const zoneName = (id) => t(site.value?.zones.find((zone) => zone.id === id)?.name) || id;
