// What an account gets: balances, what is to come, and the lists of what blocks and payouts brought.

import { read, readAll, readIfAny, readPage } from './api.js';
import { csv, save } from './csv.js';
import { $, cell, fill, row, show, stateCell, timeCell } from './dom.js';
import { count, inTime, sats } from './format.js';
import { t } from './i18n.js';
import { Pages } from './pages.js';
import { payoutStateCell, terms, transactionCell } from './terms.js';

const columns = { // of files
  earnings: ['height', 'hash', 'state', 'time', 'gross_sat', 'fee_sat', 'net_sat'],
  payouts: ['payout', 'state', 'time', 'amount_sat', 'fee_sat', 'address', 'txid', 'confirmations'],
};
const pageLength = (cursor) => (cursor === '' ? 50 : 200);
const lists = {};
const known = { path: '', token: '' };

/** Expected, not promised: this hashrate's part of what the network finds in a day. */
function estimate(user, pool, reward) {
  if (!(pool.network_difficulty > 0) || reward === 0) return '–';
  return `≈ ${sats(Math.floor((user.hashrate_10m * 86400 * reward) / (pool.network_difficulty * 2 ** 32)))}`;
}

export function showMoney(user) {
  show('available', sats(user.available_sat));
  show('immature', sats(user.immature_sat));
  show('in-payout', sats(user.in_payout_sat));
  show('credited', sats(user.credited_sat));
  show('paid-all', sats(user.paid_sat));
  show('payout-address', user.payout_address);
}

function showWindow(part) {
  show('to-come', part ? `≈ ${sats(part.to_come_sat)}` : '–');
  show('next-block', part ? sats(part.next_block_sat) : '–');
}

function showEarnings(earnings) {
  fill('earning', earnings.map((each) => row(
    cell(count(each.height), 'num', each.hash),
    stateCell(each.state),
    timeCell(each.found_at),
    cell(sats(each.gross_sat), 'num'),
    cell(sats(each.fee_sat), 'num'),
    cell(sats(each.net_sat), 'num'),
  )), t('earnings.none'));
}

function showPaid(payouts, of) {
  fill('paid', payouts.map((each) => row(
    timeCell(each.at),
    payoutStateCell(each),
    cell(sats(each.amount_sat), 'num'),
    cell(sats(each.fee_sat), 'num'),
    cell(each.address, 'hash', each.address),
    transactionCell(each.txid, of),
  )), t('paid.none'));
}

const listOf = (what) => lists[what].read(known.path, (cursor) => readPage(`${known.path}/${what}`, what, { cursor, limit: pageLength(cursor), token: known.token }));

export async function refreshMoney(path, { user, token, pool }) {
  Object.assign(known, { path, token });
  const [part, [last]] = await Promise.all([readIfAny(`${path}/window`, token), read('/api/v1/blocks?limit=1')]);
  showWindow(part); // there is none before the first template
  show('estimate', user.hashrate_10m === null ? '–' : estimate(user, pool, last?.reward_sat ?? 0));
  const of = await terms();
  show('next-payout', of?.next_payout_at ? inTime(of.next_payout_at) : t('payout.by.hand'));
  if ($('earnings').open) showEarnings(await listOf('earnings'));
  if ($('paid').open) showPaid(await listOf('payouts'), of);
}

/** again: reads the page anew. */
export function begin(again) {
  for (const list of ['earnings', 'paid']) $(list).addEventListener('toggle', again);
  lists.earnings = new Pages($('earnings-more'), (each) => each.hash, again);
  lists.payouts = new Pages($('paid-more'), (each) => `${each.payout} ${each.address}`, again);
  for (const [button, what] of [['earning-csv', 'earnings'], ['paid-csv', 'payouts']]) {
    $(button).addEventListener('click', async () => {
      const rows = await readAll(`${known.path}/${what}`, what, known.token);
      const times = rows.map((each) => ({ ...each, time: new Date((each.found_at ?? each.at) * 1000).toISOString() }));
      save(`${what}.csv`, csv(columns[what], times));
    });
  }
}
