/** Who is signed in, and what the server says of itself. */
import { signal } from './html.js';
import { get, post, del, onSignedOut } from './api.js';

/** undefined while unknown, null when nobody is signed in, else {name, role, stores}. */
export const session = signal(undefined);

/** The server's greeting: product, version, demo accounts. */
export const hello = signal(null);

onSignedOut.call = () => {
  session.value = null;
};

export async function greet() {
  hello.value = await get('/api/hello');
}

/** Find out who is signed in. Raises ApiError when the server cannot say. */
export async function recall() {
  try {
    session.value = await get('/api/session');
  } catch (error) {
    if (error.status !== 401) throw error;
    session.value = null;
  }
}

export async function signIn(name, password) {
  session.value = await post('/api/session', { name, password });
}

export async function signOut() {
  await del('/api/session');
  session.value = null;
}
