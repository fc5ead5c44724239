/** One event stream for a page; reconnects for ever and says so. */
import { signal } from './html.js';

const QUIET_MS = 25_000; // the server pings every 10 s: two and a half missed pings mean a dead line
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];

/** 'off' before the first connection, then 'connecting', 'live' or 'lost'. */
export const connection = signal('off');

/**
 * Listen to a stream until the returned function is called.
 * @param {string} address
 * @param {Record<string, (data: any) => void>} handlers by event type
 * @param {(again: boolean) => void} [onOpen] called on each connection; `again` means that events may have been missed
 * @returns {() => void} close
 */
export function listen(address, handlers, onOpen = () => {}) {
  let source = null;
  let timer = 0;
  let heard_ms = Date.now();
  let failures = 0;
  let opened = false;
  let closed = false;

  function open() {
    if (closed) return;
    if (connection.value !== 'lost') connection.value = 'connecting';
    heard_ms = Date.now();
    source = new EventSource(address);
    source.onopen = () => {
      failures = 0;
      heard_ms = Date.now();
      connection.value = 'live';
      onOpen(opened);
      opened = true;
    };
    source.onerror = again;
    source.addEventListener('ping', () => {
      heard_ms = Date.now();
    });
    for (const [type, handle] of Object.entries(handlers)) {
      source.addEventListener(type, (event) => {
        heard_ms = Date.now();
        handle(JSON.parse(event.data));
      });
    }
  }

  // Our own retry: an EventSource gives up for good on an HTTP error, and browsers' delays differ.
  function again() {
    source?.close();
    connection.value = 'lost';
    clearTimeout(timer);
    const wait_ms = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)];
    failures += 1;
    timer = setTimeout(open, wait_ms * (0.75 + Math.random() / 2));
  }

  const watch = setInterval(() => {
    if (connection.value === 'live' && Date.now() - heard_ms > QUIET_MS) again();
  }, 5000);

  open();
  return () => {
    closed = true;
    clearTimeout(timer);
    clearInterval(watch);
    source?.close();
    connection.value = 'off';
  };
}
