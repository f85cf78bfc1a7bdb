// Turns to the page that the address names and reads it anew every few seconds.

import * as account from './account.js';
import { read } from './api.js';
import * as blocks from './blocks.js';
import { $, show } from './dom.js';
import { explain } from './hints.js';
import * as home from './home.js';
import { language, preferred, speak, t } from './i18n.js';
import { listen } from './live.js';
import * as operator from './operator.js';
import * as payouts from './payouts.js';
import { place } from './places.js';
import * as worker from './worker.js';

const refreshMs = 5000;
// Each may have: begin(again), once; turn(place), at once; refresh(place, pool), speakAnew(), and stream(): what to
// listen to besides the pool, {path, token, hear(name, data)}.
const pages = { home, account, worker, blocks, payouts, operator };
let lastGood = null;
let busy = null;
let heard = { path: '', token: '', stop() {} };

function title({ page, account: name, worker: machine }) {
  if (page === 'home') return 'Zubr';
  return `${[name, machine].filter((part) => part !== '').join('.') || t(`nav.${page === 'worker' ? 'account' : page}`)} – Zubr`;
}

function turnTo() {
  const where = place();
  const remembered = localStorage.getItem('account');
  if (where.page === 'account' && where.account === '' && where.token === '' && remembered) {
    location.replace(`#/account/${encodeURIComponent(remembered)}`);
    return;
  }
  for (const name of Object.keys(pages)) $(`page-${name}`).hidden = name !== where.page;
  for (const link of document.querySelectorAll('nav a')) {
    link.ariaCurrent = link.dataset.page === (where.page === 'worker' ? 'account' : where.page) ? 'page' : null;
  }
  pages[where.page].turn?.(where);
  document.title = title(where);
}

function showPool(pool) {
  home.showPool(pool);
  show('version', `Zubr ${pool.version}`);
  show('chain', pool.chain);
  $('chain').hidden = pool.chain === 'main';
  return pool.ready ? ['live', 'good'] : ['not.ready', 'bad'];
}

async function readAll() {
  const where = place();
  try {
    const pool = await read('/api/v1/pool');
    const [word, kind] = showPool(pool);
    await pages[where.page].refresh(where, pool);
    lastGood = new Date();
    show('status', t(word));
    $('status').className = `status ${kind}`;
    document.body.dataset.shown = where.page;
  } catch (error) {
    console.error(error);
    show('status', lastGood ? t('stale.since', { time: lastGood.toLocaleTimeString(language()) }) : t('no.answer'));
    $('status').className = 'status bad';
  }
}

/** One stream a page, and none while nobody looks: browsers open few connections to a host. */
function hearFigures() {
  const own = pages[place().page].stream?.() ?? { path: '/api/v1/events', token: '', hear() {} };
  const { path, token } = document.hidden ? { path: '', token: '' } : own;
  if (path === heard.path && token === heard.token) return;
  heard.stop();
  const hear = (name, data) => (name === 'pool' ? showPool(data) : own.hear(name, data));
  heard = { path, token, stop: path === '' ? () => {} : listen(path, token, hear) };
}

/** One reading at a time; who comes meanwhile waits for it. */
function refresh() {
  busy ??= readAll().finally(() => { busy = null; hearFigures(); });
  return busy;
}

async function speakAnew(name) {
  await speak(name);
  explain();
  for (const page of Object.values(pages)) page.speakAnew?.();
  turnTo();
}

// ---- what people do ----

$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = `#/account/${encodeURIComponent($('account').value.trim())}`;
});
$('skip').addEventListener('click', (event) => {
  event.preventDefault(); // "#main" in the address would be another page
  $('main').focus();
});
addEventListener('hashchange', () => {
  turnTo();
  // What had the focus is hidden now. The page's name takes it: readers of screens begin there.
  $(`page-${place().page}`).querySelector('h2').focus();
  again();
});
document.addEventListener('visibilitychange', () => { if (document.hidden) hearFigures(); else refresh(); });
$('language').addEventListener('change', async () => {
  localStorage.setItem('language', $('language').value);
  await speakAnew($('language').value);
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

/** What was just asked for is in no reading that is under way. */
async function again() {
  await busy;
  await refresh();
}

for (const page of Object.values(pages)) page.begin?.(again);
$('language').value = preferred();
await speakAnew(preferred());
for (;;) {
  if (!document.hidden) await refresh();
  await new Promise((wake) => { setTimeout(wake, refreshMs); });
}
