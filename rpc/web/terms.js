// By what terms the pool pays, and where transactions are shown: read once a minute at most.

import { readIfAny } from './api.js';
import { cell, link } from './dom.js';

const freshMs = 60000;
let known = null;
let at = 0;

/** The terms, or null when they cannot be read. */
export async function terms() {
  if (known === null || Date.now() - at > freshMs) {
    known = await readIfAny('/api/v1/terms') ?? known;
    at = Date.now();
  }
  return known;
}

/** A transaction, as a link to where the operator looks at them; as text where he named nothing. */
export function transactionCell(txid, of) {
  const made = cell(txid ?? '–', 'hash', txid ?? '');
  if (!/^[0-9a-f]{64}$/.test(txid ?? '') || !/^https?:/.test(of?.explorer ?? '')) return made;
  const there = link(txid, of.explorer.replace('{txid}', txid));
  Object.assign(there, { rel: 'noopener noreferrer', target: '_blank' });
  made.replaceChildren(there);
  return made;
}
