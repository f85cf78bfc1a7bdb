// One worker of an account.

import { read } from './api.js';
import { named, whyNot } from './account.js';
import { Chart } from './chart.js';
import { $, cell, fill, row, show } from './dom.js';
import { ago, count, delay, hashes, scaled } from './format.js';
import { t, worded } from './i18n.js';
import { addressOf, place, sameAccount } from './places.js';
import { stateOf } from './workers.js';

const chart = new Chart($('worker-chart'), true);
const same = (a, b) => a !== null && sameAccount(a, b) && a.worker === b.worker;
let shown = null; // whose figures stand on the page

function showNobody(message) {
  shown = null;
  $('worker-panel').hidden = true;
  $('worker-absent').hidden = false;
  show('worker-absent', message);
}

function showWorker(worker) {
  const online = worker.difficulty > 0;
  show('worker-state', t(stateOf(worker)));
  $('worker-state').className = online ? 'good' : 'bad';
  show('worker-hashrate', hashes(worker.hashrate_10m));
  show('worker-hashrate-now', hashes(worker.hashrate_1m));
  show('worker-hashrate-hour', hashes(worker.hashrate_1h));
  show('worker-hashrate-day', hashes(worker.hashrate_1d));
  for (const what of ['accepted', 'stale', 'rejected']) show(`worker-${what}`, worker.earlier ? '–' : count(worker[what]));
  show('worker-difficulty', online ? scaled(worker.difficulty) : '–');
  show('worker-best', worker.earlier ? '–' : scaled(worker.best_share));
  show('worker-last', worker.last_share === null ? '–' : ago(worker.last_share));
  show('worker-software', worker.user_agent || '–');
  fill('session', worker.sessions.map((each) => row(
    cell(ago(each.connected), 'num', new Date(each.connected * 1000).toISOString()),
    cell(scaled(each.difficulty), 'num'),
    cell(count(each.accepted), 'num'),
    cell(count(each.stale), 'num'),
    cell(count(each.rejected), 'num'),
    cell(each.last_share === null ? '–' : ago(each.last_share), 'num'),
    cell(each.first_share_ms === null ? '–' : delay(each.first_share_ms), 'num'),
    cell(each.first_share_mean_ms === null ? '–' : delay(each.first_share_mean_ms), 'num'),
    cell(each.user_agent || '–', 'name', each.user_agent),
  )), t('sessions.none'));
  show('session-count', t('sessions.count', { shown: count(worker.sessions.length), all: count(worker.session_count) }));
  fill('reject', worker.rejects.map((each) => row(
    cell(worded('reject', each.reason)),
    cell(count(each.count), 'num'),
  )), t('rejects.none'));
}

/** At once, before anything is read. */
export function turn(where) {
  if (!same(shown, where)) showNobody(t('loading'));
  show('worker-name', where.worker);
  $('worker-back').href = addressOf(where);
}

export async function refresh(where) {
  try {
    const { account } = await named(where);
    show('worker-account', account);
    const path = `/api/v1/users/${encodeURIComponent(account)}/workers/${encodeURIComponent(where.worker)}`;
    const worker = await read(path, where.token);
    if (!same(place(), where)) return; // another one was asked for meanwhile
    showWorker(worker);
    shown = where;
    $('worker-panel').hidden = false;
    $('worker-absent').hidden = true;
    await chart.load(`${path}/history`, where.token);
  } catch (error) {
    showNobody(error.status === 404 ? t('worker.unknown') : whyNot(error, where));
  }
}
