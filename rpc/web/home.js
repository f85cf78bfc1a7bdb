// The pool as a whole, and how to connect.

import { read } from './api.js';
import { Chart } from './chart.js';
import { $, letCopy, show } from './dom.js';
import { ago, count, hashes, percent, sats, scaled } from './format.js';
import { t } from './i18n.js';

const chart = new Chart($('pool-chart'));
for (const button of document.querySelectorAll('[data-copy]')) letCopy(button);

/** Also between two readings, when the pool tells of itself. */
export function showPool(pool) {
  show('hashrate', hashes(pool.hashrate_10m));
  show('hashrate-now', hashes(pool.hashrate_1m));
  show('hashrate-day', hashes(pool.hashrate_1d));
  show('workers', count(pool.workers));
  show('users', count(pool.users));
  show('blocks-found', count(pool.blocks_found));
  show('round', percent(pool.round_effort));
  show('height', count(pool.height));
  show('difficulty', scaled(pool.network_difficulty));
  show('credited-all', sats(pool.credited_sat));
  show('stratum-url', `stratum+tcp://${location.hostname}:${pool.stratum_port}`);
  $('connect-tls').hidden = !pool.tls;
  show('tls-url', `stratum+ssl://${location.hostname}:${pool.stratum_port}`);
  $('connect-v2').hidden = pool.v2_authority === '';
  show('v2-url', `stratum2+tcp://${location.hostname}:${pool.stratum_port}/${pool.v2_authority}`);
  show('stratum-user', `${localStorage.getItem('account') || t('connect.address')}.${t('connect.worker')}`);
}

export async function refresh() {
  const blocks = await read('/api/v1/blocks?limit=1');
  show('last-block', blocks.length > 0 ? ago(blocks[0].found_at) : '–');
  await chart.load('/api/v1/pool/history');
}
