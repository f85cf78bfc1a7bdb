// Reading the pool's API.

const patienceMs = 10000;

/** An answer that is no figure: 401 (private or unknown), 403 (a link that shows less), 404, … */
export class Refused extends Error {
  constructor(path, status) {
    super(`${path}: ${status}`);
    this.status = status;
  }
}

/** token: of a watcher link, or "". Throws Refused, or what fetch throws. */
export async function read(path, token = '') {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(path, { headers, signal: AbortSignal.timeout(patienceMs) });
  if (!answer.ok) throw new Refused(path, answer.status);
  return answer.json();
}

/** Calls a method of the admin port that this page is from. Throws Refused, or an Error that says why not, with the code of JSON-RPC. */
export async function call(method) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method });
  const answer = await fetch('/', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal: AbortSignal.timeout(patienceMs) });
  if (!answer.ok) throw new Refused(method, answer.status);
  const { result, error } = await answer.json();
  if (error) throw Object.assign(new Error(error.message), { code: error.code });
  return result;
}

/** What may be absent without the page being worth less: null then. */
export function readIfAny(path, token) {
  return read(path, token).catch(() => null);
}

/** One page of a list: {rows, next}. what: the member that holds the rows; cursor: '' for the newest, else next of the page before. */
export async function readPage(path, what, { cursor, limit, token = '' }) {
  const page = await read(`${path}?limit=${limit}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, token);
  return { rows: page[what], next: page.next };
}

/** All of a list, page by page: an answer stays small however long the list is. */
export async function readAll(path, what, token = '', limit = 1000) {
  const all = [];
  for (let cursor = ''; cursor !== null;) {
    const { rows, next } = await readPage(path, what, { cursor, limit, token });
    all.push(...rows);
    cursor = next;
  }
  return all;
}
