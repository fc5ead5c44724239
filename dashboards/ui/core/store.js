/** One store as the cloud knows it: a snapshot first, the event stream after, the snapshot again after an outage. */
import { signal, batch, computed } from './html.js';
import { get, path } from './api.js';
import { listen } from './live.js';
import { learnTime } from './clock.js';

const RECENT = 200;

/** Stores that this person may see: {id, name}. */
export const stores = signal([]);
export const storeId = signal(null);
export const site = signal(null);
/** Map of device id to Device. */
export const devices = signal(new Map());
/** Map of device id to its last position. */
export const positions = signal(new Map());
/** Map of label id to Label. */
export const labels = signal(new Map());
/** Changes of prices, newest first. */
export const changes = signal([]);
/** Counts up whenever prices or books may have become others: lists of them ask again. */
export const priceTurn = signal(0);
/** What happened lately, newest first: {type, key, data}. */
export const feed = signal([]);
/** null, or why the store could not be loaded. */
export const storeError = signal(null);
/** True once the first snapshot is in. */
export const isLoaded = signal(false);

export const store = computed(() => stores.value.find((one) => one.id === storeId.value) ?? null);
export const deviceList = computed(() => [...devices.value.values()].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })));
export const labelList = computed(() => [...labels.value.values()].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true })));

/** Called for each event of a type, for lists that a single section keeps. */
const listeners = new Map();
export function onEvent(type, act) {
  if (!listeners.has(type)) listeners.set(type, new Set());
  listeners.get(type).add(act);
  return () => listeners.get(type).delete(act);
}

/** When a change began to count; for a planned one, when it will. */
export const begins_ms = (change) => Math.max(change.made_ms, change.effective_ms);

/** Changes that count or have counted, newest first. */
export const madeChanges = computed(() => changes.value
  .filter((change) => !['planned', 'undone'].includes(change.state))
  .sort((a, b) => begins_ms(b) - begins_ms(a) || b.id - a.id));

/** Put changes in their places, newest first. What is planned stays, however old. */
export function keepChanges(list) {
  const known = new Map(changes.value.map((one) => [one.id, one]));
  const isNews = list.some((change) => known.get(change.id)?.state !== change.state);
  for (const change of list) known.set(change.id, change);
  batch(() => {
    changes.value = [...known.values()]
      .sort((a, b) => b.made_ms - a.made_ms || b.id - a.id)
      .filter((change, index) => index < RECENT || change.state === 'planned');
    if (isNews) priceTurn.value += 1;
  });
}

export const keepChange = (change) => keepChanges([change]);

const keyed = (list, key = 'id') => new Map(list.map((one) => [one[key], one]));
const withOne = (map, key, value) => new Map(map.value).set(key, value);

const APPLY = {
  // The stream says that this page was too slow for it and missed something.
  reload: () => loadSnapshot(),
  position: (data) => (positions.value = withOne(positions, data.device, data)),
  device: (data) => (devices.value = withOne(devices, data.id, data)),
  label: (data) => (labels.value = withOne(labels, data.id, data)),
  change: keepChange,
  book: () => (priceTurn.value += 1),
};
const TOLD = ['code', 'code-refused', 'basket', 'basket-check', 'offer', 'people', 'play', 'security', 'deadletter'];
/** Types that only sections listen for. */
const HEARD = ['command', 'models', 'promotions', 'shelf', 'task', 'templates'];

let waiting = [];
let sequence = 0;
let isLoading = false;

// Events are gathered for one frame: a hundred positions then cost one drawing.
function arrive(type, data) {
  waiting.push([type, data]);
  if (waiting.length === 1) setTimeout(flush, 50);
}

function flush() {
  // What arrives while a snapshot is on its way is newer than it: kept, and applied over it.
  if (isLoading) return;
  const events = waiting;
  waiting = [];
  batch(() => {
    const told = [];
    for (const [type, data] of events) {
      APPLY[type]?.(data);
      if (TOLD.includes(type)) told.unshift({ type, key: (sequence += 1), data });
      for (const act of listeners.get(type) ?? []) act(data);
    }
    if (told.length) feed.value = [...told, ...feed.value].slice(0, RECENT);
  });
}

async function loadSnapshot() {
  const id = storeId.value;
  isLoading = true;
  try {
    const [plan, snapshot] = await Promise.all([
      get(path(['api', 'stores', id, 'site'])),
      get(path(['api', 'stores', id, 'snapshot'])),
    ]);
    batch(() => {
      learnTime(snapshot.now_ms);
      site.value = plan;
      devices.value = keyed(snapshot.devices);
      positions.value = keyed(snapshot.positions, 'device');
      labels.value = keyed(snapshot.labels);
      changes.value = [];
      keepChanges(snapshot.changes);
      storeError.value = null;
      isLoaded.value = true;
    });
  } catch (error) {
    storeError.value = error;
  } finally {
    isLoading = false;
    flush();
  }
}

let close = () => {};

/** Follow a store; the one followed before is left. */
export async function openStore(id) {
  close();
  batch(() => {
    storeId.value = id;
    isLoaded.value = false;
    feed.value = [];
  });
  const handlers = Object.fromEntries([...Object.keys(APPLY), ...TOLD, ...HEARD].map((type) => [type, (data) => arrive(type, data)]));
  // The stream opens first: what happens while the snapshot is on its way is then not lost.
  close = listen(path(['api', 'live'], { store: id }), handlers, (again) => again && loadSnapshot());
  await loadSnapshot();
}

/** Ask again after a failure. */
export const retryStore = () => (storeId.value ? loadSnapshot() : openFirstStore());

/** Load the list of stores and follow the first one that this person may see. */
export async function openFirstStore() {
  try {
    stores.value = await get('/api/stores');
    storeError.value = null;
  } catch (error) {
    storeError.value = error;
    return;
  }
  if (stores.value.length) await openStore(stores.value[0].id);
}

export function leaveStore() {
  close();
  storeId.value = null;
  isLoaded.value = false;
}
