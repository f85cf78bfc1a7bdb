// What the pool has paid, transaction by transaction. Whom it paid is for the paid ones alone.

import { read } from './api.js';
import { $, cell, fill, row, stateCell } from './dom.js';
import { ago, count, sats } from './format.js';
import { t } from './i18n.js';
import { terms, transactionCell } from './terms.js';

const page = 20;
const shownAtMost = 100;
let limit = page;

function payoutRow(payout, of) {
  return row(
    cell(count(payout.payout), 'num'),
    cell(ago(payout.at), 'num', new Date(payout.at * 1000).toISOString()),
    stateCell(payout.state),
    cell(count(payout.recipients), 'num'),
    cell(sats(payout.amount_sat), 'num'),
    cell(payout.fee_sat === null ? '–' : sats(payout.fee_sat), 'num'),
    transactionCell(payout.txid, of),
  );
}

export async function refresh() {
  const [{ payouts, next }, of] = await Promise.all([read(`/api/v1/payouts?limit=${limit}`), terms()]);
  $('payouts-more').hidden = next === null || limit >= shownAtMost;
  fill('payout', payouts.map((payout) => payoutRow(payout, of)), t('payouts.none'));
}

export function begin(again) {
  $('payouts-more').addEventListener('click', () => { limit = shownAtMost; again(); });
}
