// One account: what it does, what it gets, and its workers.

import { Refused, read, readIfAny } from './api.js';
import { Chart } from './chart.js';
import { csv, save } from './csv.js';
import { $, cell, fill, link, row, show, stateCell } from './dom.js';
import { ago, count, hashes, inTime, sats, scaled } from './format.js';
import { t } from './i18n.js';
import { addressOf, place, sameAccount } from './places.js';
import { terms, transactionCell } from './terms.js';
import { WorkerTable } from './workers.js';

const crowd = 1000; // workers: from here on the account is read at a slower pace
const crowdPaceMs = 30000;
const slowMs = 60000;

const chart = new Chart($('user-chart'));
const workers = new WorkerTable($('worker-scroll'), $('worker-table'), $('worker-count'), $('worker-filter'), $('worker-group'), (name) => link(name, addressOf(place(), name)));
const known = { user: null, at: 0, where: null, path: '', sitesOf: '', sitesAt: 0 };
const columns = { // of files
  earnings: ['height', 'hash', 'state', 'time', 'gross_sat', 'fee_sat', 'net_sat'],
  payouts: ['payout', 'state', 'time', 'amount_sat', 'fee_sat', 'address', 'txid'],
};

/** Which account a place shows. Throws Refused for a token that is none. */
export async function named(where) {
  if (where.token === '') return { account: where.account, label: '' };
  return read('/api/v1/watch', where.token);
}

/** Why an account is not shown, as a sentence. */
export function whyNot(error, where) {
  if (!(error instanceof Refused)) throw error;
  if (where.token !== '' && error.status === 401) return t('watch.unknown');
  return t({ 401: 'account.private', 403: 'watch.less', 404: 'account.unknown' }[error.status] ?? 'no.answer');
}

function showNobody(message) {
  known.user = null;
  $('account-panel').hidden = true;
  $('account-message').hidden = false;
  show('account-message', message);
}

/** Expected, not promised: this hashrate's part of what the network finds in a day. */
function estimate(user, pool, reward) {
  if (!(pool.network_difficulty > 0) || reward === 0) return '–';
  return `≈ ${sats(Math.floor((user.hashrate_10m * 86400 * reward) / (pool.network_difficulty * 2 ** 32)))}`;
}

function showRates(user) {
  show('user-hashrate', hashes(user.hashrate_10m));
  show('user-hashrate-now', hashes(user.hashrate_1m));
  show('user-hashrate-five', hashes(user.hashrate_5m));
  show('user-hashrate-hour', hashes(user.hashrate_1h));
  show('user-hashrate-day', hashes(user.hashrate_1d));
  show('user-best', scaled(user.best_share));
  show('user-refused', `${count(user.stale)} / ${count(user.rejected)}`);
  show('user-workers', count(user.worker_count));
  show('user-shares', count(user.shares));
  const none = user.worker_count === 0;
  $('worker-scroll').hidden = none;
  $('worker-tools').hidden = none;
  $('worker-message').hidden = !none;
  show('worker-message', t('workers.none', { url: $('stratum-url').textContent, user: `${user.account}.worker1` }));
}

/** All of a list, page by page: an answer stays small however large the account is. */
async function readAll(path, what, token) {
  const all = [];
  for (let next = ''; next !== null;) {
    const page = await read(`${path}/${what}?limit=1000&cursor=${encodeURIComponent(next)}`, token);
    all.push(...page[what]);
    next = page.next;
  }
  return all;
}

/** Sites, where the account has more than the one that everybody has. */
function showSites(sites) {
  const some = sites !== null && sites.some((each) => each.site !== 'main');
  $('account-sites').hidden = !some;
  if (!some) return;
  const known = [...$('site').options].slice(1).map((option) => option.value);
  if (known.join() !== sites.map((each) => each.site).join()) {
    const chosen = $('site').value;
    $('site').replaceChildren($('site').options[0], ...sites.map((each) => new Option(each.site, each.site)));
    if (sites.some((each) => each.site === chosen)) $('site').value = chosen;
  }
  fill('site', sites.map((each) => row(
    cell(each.site, 'name'),
    cell(hashes(each.hashrate_1d), 'num'),
    cell(count(each.shares), 'num'),
    cell(count(each.stale), 'num'),
  )), '–');
}

/** Once a minute: they change by people's word. */
async function refreshSites(path, token) {
  const other = path !== known.sitesOf;
  if (!other && Date.now() - known.sitesAt < slowMs) return;
  Object.assign(known, { sitesOf: path, sitesAt: Date.now() });
  if (other) $('site').value = '';
  showSites(await readIfAny(`${path}/sites`, token));
}

/** What the chart shows: the account, or the site that was chosen. */
const chartPath = (path) => ($('account-sites').hidden || $('site').value === '' ? `${path}/history` : `${path}/sites/${encodeURIComponent($('site').value)}/history`);

function showMoney(user) {
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
    cell(ago(each.found_at), 'num', new Date(each.found_at * 1000).toISOString()),
    cell(sats(each.gross_sat), 'num'),
    cell(sats(each.fee_sat), 'num'),
    cell(sats(each.net_sat), 'num'),
  )), t('earnings.none'));
}

function showPaid(payouts, of) {
  fill('paid', payouts.map((each) => row(
    cell(ago(each.at), 'num', new Date(each.at * 1000).toISOString()),
    stateCell(each.state),
    cell(sats(each.amount_sat), 'num'),
    cell(sats(each.fee_sat), 'num'),
    cell(each.address, 'hash', each.address),
    transactionCell(each.txid, of),
  )), t('paid.none'));
}

async function refreshMoney(path, { user, token, pool }) {
  const [part, [last]] = await Promise.all([readIfAny(`${path}/window`, token), read('/api/v1/blocks?limit=1')]);
  showWindow(part); // there is none before the first template
  show('estimate', user.hashrate_10m === null ? '–' : estimate(user, pool, last?.reward_sat ?? 0));
  const of = await terms();
  show('next-payout', of?.next_payout_at ? inTime(of.next_payout_at) : t('payout.by.hand'));
  if ($('earnings').open) showEarnings((await read(`${path}/earnings`, token)).earnings);
  if ($('paid').open) showPaid((await read(`${path}/payouts`, token)).payouts, of);
}

/** At once, before anything is read. */
export function turn(where) {
  if (where.account !== '') $('account').value = where.account;
  if (known.user !== null && sameAccount(known.where, where)) return;
  workers.set([]);
  showNobody(t(where.account === '' && where.token === '' ? 'account.none' : 'loading'));
}

async function readAccount(where, pool) {
  const { account, label } = await named(where);
  const path = `/api/v1/users/${encodeURIComponent(account)}`;
  const user = await read(path, where.token);
  if (!sameAccount(where, place())) return; // another one was asked for meanwhile
  if (where.token === '') localStorage.setItem('account', account);
  Object.assign(known, { user, where, path, at: Date.now() });
  show('account-name', account);
  show('account-label', label);
  // A watcher link may show less: what it does not show is null.
  const [rates, money] = [user.hashrate_10m !== null, user.available_sat !== null];
  $('account-rates').hidden = !rates;
  $('account-workers').hidden = !rates;
  $('account-money').hidden = !money;
  if (rates) showRates(user);
  if (money) showMoney(user);
  $('account-panel').hidden = false;
  $('account-message').hidden = true;
  if (money) await refreshMoney(path, { user, token: where.token, pool });
  if (!rates) return;
  await refreshSites(path, where.token);
  const [all] = await Promise.all([readAll(path, 'workers', where.token), chart.load(chartPath(path), where.token)]);
  if (sameAccount(where, place())) workers.set(all);
}

export async function refresh(where, pool) {
  if (where.account === '' && where.token === '') return;
  const again = known.user !== null && sameAccount(known.where, where);
  if (again && known.user.worker_count >= crowd && Date.now() - known.at < crowdPaceMs) return;
  try {
    await readAccount(where, pool);
  } catch (error) {
    showNobody(whyNot(error, where));
  }
}

/** Headings that are made by script, in the language of now. */
export const speakAnew = () => workers.name();

/** again: reads the page anew. */
export function begin(again) {
  for (const list of ['earnings', 'paid']) $(list).addEventListener('toggle', again);
  $('site').addEventListener('change', () => chart.load(chartPath(known.path), known.where.token, true));
  $('worker-csv').addEventListener('click', () => save('workers.csv', workers.csv()));
  for (const [button, what] of [['earning-csv', 'earnings'], ['paid-csv', 'payouts']]) {
    $(button).addEventListener('click', async () => {
      const rows = await readAll(known.path, what, known.where.token);
      const times = rows.map((each) => ({ ...each, time: new Date((each.found_at ?? each.at) * 1000).toISOString() }));
      save(`${what}.csv`, csv(columns[what], times));
    });
  }
}
