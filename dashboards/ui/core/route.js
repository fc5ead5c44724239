/** The part of a page that is open, kept in the address after `#`, so that it can be linked and gone back to. */
import { signal } from './html.js';

const read = () => location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent).filter(Boolean);

/** ['devices', 'cart-1'] for `#/devices/cart-1`. */
export const route = signal(read());

addEventListener('hashchange', () => {
  route.value = read();
});

export const href = (...parts) => `#/${parts.map(encodeURIComponent).join('/')}`;

export const go = (...parts) => {
  location.hash = href(...parts);
};
