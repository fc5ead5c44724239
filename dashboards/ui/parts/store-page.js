/** A page about one store: opens it, and shows loading, failure or its content. */
import { html, useEffect } from '../core/html.js';
import { isLoaded, openFirstStore, leaveStore, retryStore, storeError } from '../core/store.js';
import { Failed, Loading } from './states.js';

export function StorePage({ children }) {
  useEffect(() => {
    openFirstStore();
    return leaveStore;
  }, []);
  if (isLoaded.value) return children;
  if (storeError.value) return html`<${Failed} error=${storeError.value} onRetry=${retryStore} />`;
  return html`<${Loading} rows=${6} />`;
}
