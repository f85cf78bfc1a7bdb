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

/** What may be absent without the page being worth less: null then. */
export function readIfAny(path, token) {
  return read(path, token).catch(() => null);
}
