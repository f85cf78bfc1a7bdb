// How the pool itself is doing. Served on the admin port alone, to who may ask there.

import { Refused, read } from './api.js';
import { $, cell, fill, row, show } from './dom.js';
import { count, sats } from './format.js';
import { t } from './i18n.js';

const milliseconds = (value) => t('ms', { n: value >= 100 ? count(value) : Number(value.toPrecision(2)) });
const good = (ok, text) => cell(text, ok ? 'good' : 'bad');

/** Why a node is not as it should be, in a word. */
function nodeState(node) {
  if (!node.enabled) return good(false, t('operator.off'));
  if (!node.up) return good(false, t('operator.down'));
  return good(node.on_our_tip, t(node.on_our_tip ? 'operator.tip' : 'operator.apart'));
}

function showOperator(info) {
  show('operator-backlog', count(info.share_backlog));
  show('operator-lag', milliseconds(info.books_lag_ms));
  show('operator-template', info.template_age_ms === null ? '–' : milliseconds(info.template_age_ms));
  show('operator-ledger', info.ledger_difference_sat === null ? t('operator.unchecked') : sats(info.ledger_difference_sat));
  for (const store of ['redis', 'mysql']) {
    const times = info[`${store}_times`];
    const most = times.p99_ms === null ? t('operator.above') : milliseconds(times.p99_ms);
    show(`operator-${store}`, times.answers === 0 ? '–' : t('operator.times', { mean: milliseconds(times.mean_ms), most }));
  }
  show('operator-bans', count(info.bans));
  fill('part', info.dependencies.map((part) => row(cell(part.name), good(part.ok, part.state))), '–');
  fill('node', info.nodes.map((node) => row(
    cell(node.name),
    cell(node.role),
    cell(count(node.height), 'num'),
    nodeState(node),
  )), '–');
  fill('loop', info.loops.map((loop) => row(
    cell(loop.name),
    cell(milliseconds(loop.lag_ms), 'num'),
    cell(milliseconds(loop.lag_worst_ms), 'num'),
    cell(loop.connections === undefined ? '–' : count(loop.connections), 'num'),
    cell(loop.backlog === undefined ? '–' : count(loop.backlog), 'num'),
  )), '–');
}

export async function refresh() {
  try {
    showOperator(await read('/api/v1/operator'));
    $('operator-panel').hidden = false;
    $('operator-message').hidden = true;
    document.querySelector('nav [data-page="operator"]').hidden = false;
  } catch (error) {
    if (!(error instanceof Refused) || ![401, 403, 404].includes(error.status)) throw error;
    $('operator-panel').hidden = true;
    $('operator-message').hidden = false;
    show('operator-message', t('operator.elsewhere'));
  }
}
