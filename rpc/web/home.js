// The pool as a whole, and how to connect.

import { read, readIfAny } from './api.js';
import { Chart } from './chart.js';
import { $, letCopy, show } from './dom.js';
import { ago, count, hashes, percent, sats, scaled, signedPercent } from './format.js';
import { t } from './i18n.js';
import { terms } from './terms.js';

const chart = new Chart($('pool-chart'));
for (const button of document.querySelectorAll('[data-copy]')) letCopy(button);

const slowMs = 60000; // what changes by the hour, if ever, is read so often
let slow = 0;

function showQr() {
  const source = `/connect.svg?host=${encodeURIComponent(location.hostname)}`;
  const picture = $('connect-qr');
  picture.alt = t('connect.qr', { url: $('stratum-url').textContent });
  picture.hidden = false;
  if (picture.getAttribute('src') !== source) picture.src = source;
}

function showTerms(of) {
  $('terms').hidden = !of;
  if (!of) return;
  show('terms-fee', percent(of.fee_bps / 10000));
  show('terms-scheme', of.scheme);
  show('terms-window', t('terms.window.value', { n: of.window }));
  show('terms-minimum', sats(of.minimum_payout_sat));
}

function showRetarget(network) {
  if (network.retarget_height === null) return show('retarget', t('retarget.never'));
  const change = network.retarget_change === null ? '' : ` · ${signedPercent(network.retarget_change)}`;
  show('retarget', t('retarget.at', { height: count(network.retarget_height), blocks: count(network.retarget_height - network.height) }) + change);
}

export function speakAnew() { slow = 0; }

/** Also between two readings, when the pool tells of itself. */
export function showPool(pool) {
  show('hashrate', hashes(pool.hashrate_10m));
  show('hashrate-now', hashes(pool.hashrate_1m));
  show('hashrate-day', hashes(pool.hashrate_1d));
  show('workers', count(pool.workers));
  show('users', count(pool.users));
  show('blocks-found', count(pool.blocks_found));
  show('round', percent(pool.round_effort));
  $('round-bar').value = pool.round_effort;
  show('height', count(pool.height));
  show('difficulty', scaled(pool.network_difficulty));
  show('credited-all', sats(pool.credited_sat));
  show('stratum-url', `stratum+tcp://${location.hostname}:${pool.stratum_port}`);
  $('connect-tls').hidden = !pool.tls;
  show('tls-url', `stratum+ssl://${location.hostname}:${pool.stratum_port}`);
  $('connect-v2').hidden = pool.v2_authority === '';
  show('v2-url', `stratum2+tcp://${location.hostname}:${pool.stratum_port}/${pool.v2_authority}`);
  showQr();
  show('stratum-user', `${localStorage.getItem('account') || t('connect.address')}.${t('connect.worker')}`);
}

export async function refresh() {
  const [last] = await read('/api/v1/blocks?limit=1');
  show('last-block', last ? ago(last.found_at) : '–');
  show('last-luck', last?.effort > 0 ? percent(1 / last.effort) : '–'); // not known before its minute is sealed
  await chart.load('/api/v1/pool/history');
  if (Date.now() - slow < slowMs) return;
  slow = Date.now();
  const [of, network] = await Promise.all([terms(), readIfAny('/api/v1/network')]);
  showTerms(of);
  if (network) showRetarget(network);
}
