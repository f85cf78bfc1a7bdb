// What the pool has paid, transaction by transaction. Whom it paid is for the paid ones alone.

import { readAll, readPage } from './api.js';
import { csv, save } from './csv.js';
import { $, cell, fill, row, timeCell } from './dom.js';
import { count, sats } from './format.js';
import { t } from './i18n.js';
import { Pages } from './pages.js';
import { payoutStateCell, terms, transactionCell } from './terms.js';

const columns = ['payout', 'time', 'state', 'recipients', 'amount_sat', 'fee_sat', 'txid', 'confirmations']; // of the file
const pageMost = 100;
let list = null;

function payoutRow(payout, of) {
  return row(
    cell(count(payout.payout), 'num'),
    timeCell(payout.at),
    payoutStateCell(payout),
    cell(count(payout.recipients), 'num'),
    cell(sats(payout.amount_sat), 'num'),
    cell(payout.fee_sat === null ? '–' : sats(payout.fee_sat), 'num'),
    transactionCell(payout.txid, of),
  );
}

export async function refresh() {
  const limit = (cursor) => (cursor === '' ? 20 : pageMost);
  const [payouts, of] = await Promise.all([
    list.read('', (cursor) => readPage('/api/v1/payouts', 'payouts', { cursor, limit: limit(cursor) })),
    terms(),
  ]);
  $('payouts-csv').hidden = payouts.length === 0;
  fill('payout', payouts.map((payout) => payoutRow(payout, of)), t('payouts.none'));
}

export function begin(again) {
  list = new Pages($('payouts-more'), (payout) => payout.payout, again);
  $('payouts-csv').addEventListener('click', async () => {
    const rows = await readAll('/api/v1/payouts', 'payouts', '', pageMost);
    save('payouts.csv', csv(columns, rows.map((each) => ({ ...each, time: new Date(each.at * 1000).toISOString() }))));
  });
}
