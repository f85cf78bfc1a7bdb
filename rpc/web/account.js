// One account: what it does, what it gets, and its workers.

import { Refused, read, readAll, readIfAny } from './api.js';
import { Chart } from './chart.js';
import { save } from './csv.js';
import { $, cell, fill, link, row, show } from './dom.js';
import * as earnings from './earnings.js';
import { ago, count, finePercent, hashes, scaled } from './format.js';
import { t } from './i18n.js';
import { addressOf, place, sameAccount } from './places.js';
import { WorkerTable } from './workers.js';

const crowd = 1000; // workers: from here on the account is read at a slower pace
const crowdPaceMs = 30000;
const slowMs = 60000;

const chart = new Chart($('user-chart'));
const workers = new WorkerTable($('worker-scroll'), $('worker-table'), $('worker-count'), $('worker-filter'), $('worker-group'), (name) => link(name, addressOf(place(), name)));
const known = { user: null, at: 0, where: null, path: '', sitesOf: '', sitesAt: 0 };

/** Which account a place shows. Throws Refused for a token that is none. */
export async function named(where) {
  if (where.token === '') return { account: where.account, label: '' };
  return read('/api/v1/watch', where.token);
}

const answers = { 401: 'account.private', 403: 'watch.less', 404: 'account.unknown' };

/** Why an account is not shown, as a sentence. What says nothing of the account (too busy, no books) is thrown again. */
export function whyNot(error, where) {
  if (!(error instanceof Refused) || !(error.status in answers)) throw error;
  return t(where.token !== '' && error.status === 401 ? 'watch.unknown' : answers[error.status]);
}

function showNobody(message) {
  known.user = null;
  $('account-panel').hidden = true;
  $('account-message').hidden = false;
  show('account-message', message);
}

function showRates(user) {
  show('user-hashrate', hashes(user.hashrate_10m));
  show('user-hashrate-now', hashes(user.hashrate_1m));
  show('user-hashrate-five', hashes(user.hashrate_5m));
  show('user-hashrate-hour', hashes(user.hashrate_1h));
  show('user-hashrate-day', hashes(user.hashrate_1d));
  show('user-best', scaled(user.best_share));
  const judged = user.accepted + user.stale + user.rejected;
  for (const what of ['accepted', 'stale', 'rejected']) { // each as a number and as a part of all
    show(`user-${what}`, judged === 0 ? '–' : `${count(user[what])} · ${finePercent(user[what] / judged)}`);
  }
  show('user-workers', count(user.worker_count));
  show('user-shares', count(user.shares));
  show('user-last', user.last_share === null ? '–' : ago(user.last_share));
  const none = user.worker_count === 0;
  $('worker-scroll').hidden = none;
  $('worker-tools').hidden = none;
  $('worker-message').hidden = !none;
  show('worker-message', t('workers.none', { url: $('stratum-url').textContent, user: `${user.account}.worker1` }));
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
  if (money) earnings.showMoney(user);
  $('account-panel').hidden = false;
  $('account-message').hidden = true;
  if (money) await earnings.refreshMoney(path, { user, token: where.token, pool });
  if (!rates) return;
  await refreshSites(path, where.token);
  const [all] = await Promise.all([readAll(`${path}/workers`, 'workers', where.token), chart.load(chartPath(path), where.token)]);
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

/** The account's own figures, as they change. */
export function stream() {
  const { user, where, path } = known;
  if (user === null || !sameAccount(where, place())) return null;
  const hear = (name, told) => {
    if (name !== 'user' || path !== known.path || !sameAccount(where, place())) return;
    if (told.hashrate_10m !== null) showRates(told);
    if (told.available_sat !== null) earnings.showMoney(told);
  };
  return { path: `${path}/events`, token: where.token, hear };
}

/** Headings that are made by script, in the language of now. */
export const speakAnew = () => workers.name();

/** again: reads the page anew. */
export function begin(again) {
  earnings.begin(again);
  $('site').addEventListener('change', () => chart.load(chartPath(known.path), known.where.token, true));
  $('worker-csv').addEventListener('click', () => save('workers.csv', workers.csv()));
}
