/** The HTTP API: one function per verb, and errors that carry a sentence a person can act on. */
import { t } from './i18n.js';
import words, { byCode } from '../words/errors.js';

const PATIENCE_MS = 15_000;

export class ApiError extends Error {
  /** @param {number} status 0 when the server could not be reached @param {string} code @param {string} [message] @param {string} [field] */
  constructor(status, code, message, field) {
    super(message || code);
    this.status = status;
    this.code = code;
    this.field = field;
  }

  /** What to show: our own words where we have them in the reader's language, else the server's sentence. */
  get sentence() {
    const known = byCode[this.code] ?? byCode[`http-${this.status}`];
    if (known) return t(known, { message: this.message });
    if (this.status >= 500) return t(words.server, { status: this.status });
    return this.message !== this.code ? this.message : t(words.refused, { status: this.status });
  }
}

/** What to show for anything that was thrown. */
export const sentence = (error) => (error instanceof ApiError ? error.sentence : t(words.page, { detail: error?.message ?? error }));

/** The field that a refusal is about: 'price_minor' for `body.price_minor`; undefined when it is about none. */
export const fieldOf = (error) => error?.field?.split('.').at(-1);

/** Called when the server says that nobody is signed in; the session module listens. */
export const onSignedOut = { call: () => {} };

async function answer(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // A proxy's error page, for instance: the status alone counts.
  }
  if (response.ok) return body;
  if (response.status === 401) onSignedOut.call();
  throw failure(response.status, body);
}

/** Read the error out of an answer's body. */
export function failure(status, body) {
  const error = body?.error ?? {};
  return new ApiError(status, error.code ?? `http-${status}`, error.message, error.field);
}

async function request(method, path, body, also = {}) {
  const headers = { Accept: 'application/json', ...also };
  if (method !== 'GET') headers['X-Aisle'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    throw new ApiError(0, error.name === 'TimeoutError' ? 'timeout' : 'no-answer');
  }
  return answer(response);
}

export const get = (path, headers) => request('GET', path, undefined, headers);
export const post = (path, body = {}, headers = {}) => request('POST', path, body, headers);
export const put = (path, body) => request('PUT', path, body);
export const patch = (path, body) => request('PATCH', path, body);
export const del = (path, headers) => request('DELETE', path, undefined, headers);

/** A path from parts and a query; parts are escaped. `path(['api', 'devices', id], { store })` */
export function path(parts, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(pairs).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

/**
 * Send a form with files, or one file; `onProgress` hears a share from 0 to 1. (`fetch` cannot report upload progress.)
 * @param {string} target @param {FormData|Blob} form @param {(share: number) => void} onProgress
 * @param {{method?: string, headers?: Record<string, string>}} [how]
 */
export function upload(target, form, onProgress, { method = 'POST', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open(method, target);
    for (const [name, value] of Object.entries({ 'X-Aisle': '1', ...headers })) call.setRequestHeader(name, value);
    call.responseType = 'json';
    call.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    call.onerror = () => reject(new ApiError(0, 'no-answer'));
    call.onload = () => (call.status < 300 ? resolve(call.response) : reject(failure(call.status, call.response)));
    call.send(form);
  });
}
