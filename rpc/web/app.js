// Reads the API every few seconds and fills the page in. Everything that comes from outside goes
// in as text: there is no place here that makes markup of it.

import { ago, count, hashes, percent, sats, scaled } from './format.js';
import { preferred, speak, t } from './i18n.js';
import { Chart } from './chart.js';
import { WorkerTable } from './workers.js';

const refreshMs = 5000;
const blocksShown = 20;
const blocksMax = 100;
const pages = ['home', 'account', 'blocks'];
const $ = (id) => document.getElementById(id);
const show = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };
const workers = new WorkerTable($('worker-scroll'), $('worker-table'), $('worker-count'), $('worker-filter'));
const poolChart = new Chart($('pool-chart'));
const userChart = new Chart($('user-chart'));
const known = { pool: null, reward: 0, user: null, blocks: blocksShown };

// ---- where we are: "#/", "#/account/NAME", "#/blocks", kept in bookmarks ----

function place() {
  const [page, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  let account = '';
  try { account = decodeURIComponent(rest.join('/')).trim(); } catch { /* no such account */ }
  return { page: pages.includes(page) ? page : 'home', account };
}

function turnTo() {
  const { page, account } = place();
  for (const name of pages) $(`page-${name}`).hidden = name !== page;
  for (const link of document.querySelectorAll('nav a')) {
    link.ariaCurrent = link.dataset.page === page ? 'page' : null;
  }
  if (page === 'account' && account === '' && localStorage.getItem('account')) {
    location.replace(`#/account/${encodeURIComponent(localStorage.getItem('account'))}`);
    return;
  }
  if (account !== '') $('account').value = account;
  if (page === 'account' && known.user?.account !== account) showNoUser(t(account === '' ? 'account.none' : 'loading'));
  document.title = page === 'home' ? 'Zubr' : `${account || t(`nav.${page}`)} – Zubr`;
}

// ---- what is shown ----

function showPool(pool) {
  known.pool = pool;
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
  show('stratum-user', `${localStorage.getItem('account') || t('connect.address')}.${t('connect.worker')}`);
  show('version', `Zubr ${pool.version}`);
  show('chain', pool.chain);
  $('chain').hidden = pool.chain === 'main';
  return pool.ready ? [t('live'), 'good'] : [t('not.ready'), 'bad'];
}

const cell = (text, kind, title) => {
  const made = document.createElement('td');
  made.textContent = text;
  if (kind) made.className = kind;
  if (title) made.title = title;
  return made;
};

function blockRow(block, now) {
  const row = document.createElement('tr');
  const state = /^[a-z]+$/.test(block.state) ? block.state : 'other';
  row.append(
    cell(count(block.height), 'num'),
    cell(t(`state.${state}`), `state-${state}`),
    cell(ago(block.found_at, now), 'num', new Date(block.found_at * 1000).toISOString()),
    cell(sats(block.reward_sat), 'num'),
    cell(block.effort === null ? '–' : percent(block.effort), 'num'),
    cell(block.confirmations < 0 ? '–' : count(block.confirmations), 'num'),
    cell(block.finder ? `${block.finder}.${block.worker}` : '–', 'name', block.finder),
    cell(block.hash, 'hash', block.hash),
  );
  return row;
}

function showBlocks(blocks) {
  const now = Date.now();
  known.reward = blocks[0]?.reward_sat ?? 0;
  show('last-block', blocks.length > 0 ? ago(blocks[0].found_at, now) : '–');
  $('blocks-table').hidden = blocks.length === 0;
  $('blocks-message').hidden = blocks.length > 0;
  $('blocks-more').hidden = blocks.length < known.blocks || known.blocks >= blocksMax;
  show('blocks-message', t('blocks.none'));
  $('block-rows').replaceChildren(...blocks.map((block) => blockRow(block, now)));
}

/** Expected, not promised: this hashrate's part of what the network finds in a day. */
function estimate(user) {
  const difficulty = known.pool?.network_difficulty ?? 0;
  if (!(difficulty > 0) || known.reward === 0) return '–';
  return `≈ ${sats(Math.floor((user.hashrate_10m * 86400 * known.reward) / (difficulty * 2 ** 32)))}`;
}

function showUser(user) {
  known.user = user;
  show('account-name', user.account);
  show('available', sats(user.available_sat));
  show('immature', sats(user.immature_sat));
  show('in-payout', sats(user.in_payout_sat));
  show('credited', sats(user.credited_sat));
  show('estimate', estimate(user));
  show('user-hashrate', hashes(user.hashrate_10m));
  show('user-hashrate-now', hashes(user.hashrate_1m));
  show('user-hashrate-hour', hashes(user.hashrate_1h));
  show('user-hashrate-day', hashes(user.hashrate_1d));
  show('user-best', scaled(user.best_share));
  show('user-refused', `${count(user.stale)} / ${count(user.rejected)}`);
  show('user-workers', count(user.workers.length));
  show('user-shares', count(user.shares));
  show('payout-address', user.payout_address);
  $('account-panel').hidden = false;
  $('account-message').hidden = true;
  $('worker-message').hidden = user.workers.length > 0;
  $('worker-scroll').hidden = user.workers.length === 0;
  $('worker-tools').hidden = user.workers.length === 0;
  show('worker-message', t('workers.none', { url: $('stratum-url').textContent, user: `${user.account}.worker1` }));
  workers.set(user.workers);
}

function showWindow(part) {
  show('to-come', part ? `≈ ${sats(part.to_come_sat)}` : '–');
  show('next-block', part ? sats(part.next_block_sat) : '–');
}

function showEarnings(earnings) {
  const now = Date.now();
  $('earnings-message').hidden = earnings.length > 0;
  show('earnings-message', t('earnings.none'));
  $('earning-rows').replaceChildren(...earnings.map((each) => {
    const row = document.createElement('tr');
    const state = /^[a-z]+$/.test(each.state) ? each.state : 'other';
    row.append(
      cell(count(each.height), 'num', each.hash),
      cell(t(`state.${state}`), `state-${state}`),
      cell(ago(each.found_at, now), 'num', new Date(each.found_at * 1000).toISOString()),
      cell(sats(each.gross_sat), 'num'),
      cell(sats(each.fee_sat), 'num'),
      cell(sats(each.net_sat), 'num'),
    );
    return row;
  }));
}

function showNoUser(message) {
  known.user = null;
  $('account-panel').hidden = true;
  $('account-message').hidden = false;
  show('account-message', message);
}

// ---- reading ----

async function read(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(10000) });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function refreshAccount() {
  const { page, account } = place();
  if (page !== 'account' || account === '') return;
  const path = `/api/v1/users/${encodeURIComponent(account)}`;
  const user = await read(path);
  if (account !== place().account) return; // another one was asked for meanwhile
  if (user) {
    localStorage.setItem('account', account);
    showUser(user);
    showWindow(await read(`${path}/window`).catch(() => null)); // none before the first template
    if ($('earnings').open) showEarnings(await read(`${path}/earnings`) ?? []);
    await userChart.load(`${path}/history`);
  } else {
    showNoUser(t('account.unknown'));
  }
}

let lastGood = null;
let busy = null;

async function readAll() {
  try {
    const [pool, blocks] = await Promise.all([read('/api/v1/pool'), read(`/api/v1/blocks?limit=${known.blocks}`)]);
    const [text, kind] = showPool(pool);
    showBlocks(blocks ?? []);
    await refreshAccount();
    if (place().page === 'home') await poolChart.load('/api/v1/pool/history');
    lastGood = new Date();
    show('status', text);
    $('status').className = `status ${kind}`;
  } catch {
    show('status', lastGood ? t('stale.since', { time: lastGood.toLocaleTimeString() }) : t('no.answer'));
    $('status').className = 'status bad';
  }
}
/** One reading at a time; who comes meanwhile waits for it. */
function refresh() {
  busy ??= readAll().finally(() => { busy = null; });
  return busy;
}

// ---- what people do ----

$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = `#/account/${encodeURIComponent($('account').value.trim())}`;
});
addEventListener('hashchange', async () => {
  if (!location.hash.startsWith('#/') && location.hash !== '') return; // "#main", the way past the menu
  turnTo();
  await busy;
  refresh();
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
$('earnings').addEventListener('toggle', () => refresh());
$('blocks-more').addEventListener('click', () => { known.blocks = blocksMax; refresh(); });
$('worker-csv').addEventListener('click', () => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([workers.csv()], { type: 'text/csv' }));
  link.download = 'workers.csv';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = !navigator.clipboard;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText($(button.dataset.copy).textContent);
    button.textContent = t('copied');
    setTimeout(() => { button.textContent = t('copy'); }, 1500);
  });
}
$('language').addEventListener('change', async () => {
  localStorage.setItem('language', $('language').value);
  await speak($('language').value);
  workers.name();
  turnTo();
  refresh();
});
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('theme', theme);
}
$('theme').addEventListener('click', () => {
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === 'dark' : !matchMedia('(prefers-color-scheme: light)').matches;
  setTheme(dark ? 'light' : 'dark');
});
if (localStorage.getItem('theme')) setTheme(localStorage.getItem('theme'));

// Between two readings the figures of the pool come by themselves.
new EventSource('/api/v1/events').addEventListener('pool', (event) => showPool(JSON.parse(event.data)));

$('language').value = preferred();
await speak(preferred());
workers.name();
turnTo();
for (;;) {
  if (!document.hidden) await refresh();
  await new Promise((wake) => { setTimeout(wake, refreshMs); });
}
