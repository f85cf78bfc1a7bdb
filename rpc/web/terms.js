// By what terms the pool pays, and where transactions are shown: read once a minute at most.

import { readIfAny } from './api.js';
import { cell, link, stateCell } from './dom.js';
import { count } from './format.js';
import { t } from './i18n.js';

const freshMs = 60000;
const confirmationsMost = 100; // what the API counts to
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

/** How far a payout has come: its state, and by how many blocks its transaction is confirmed. */
export function payoutStateCell({ state, confirmations = 0 }) {
  const made = stateCell(state);
  if (confirmations === 0) return made;
  const deep = `${count(confirmations)}${confirmations < confirmationsMost ? '' : '+'}`;
  made.textContent += ` · ${deep}`;
  made.title = `${t('confirmations')}: ${deep}`;
  return made;
}
