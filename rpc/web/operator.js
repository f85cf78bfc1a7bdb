// How the pool itself is doing. Served on the admin port alone, to who may ask there.

import { Refused, call, read } from './api.js';
import { $, cell, fill, row, show } from './dom.js';
import { count, inTime, sats } from './format.js';
import { t, worded } from './i18n.js';

const milliseconds = (value) => t('ms', { n: value >= 100 ? count(value) : Number(value.toPrecision(2)) });
const rowsMost = 200;
const good = (ok, text) => cell(text, ok ? 'good' : 'bad');

/** A sentence of a node's, or of the server's about it, in English: as text, for no phone shows a title. */
function asItWasSaid(sentence) {
  const made = document.createElement('small');
  made.lang = 'en';
  made.textContent = sentence;
  return made;
}

/**
 * What a part of the pool says, in this language; behind it what somebody else has told the pool, or which node it is,
 * and then below it what that node said. What other parts say besides are our own words, and said already.
 */
function partState({ name, ok, state, trouble, detail }) {
  const words = worded('trouble', trouble);
  const known = words !== trouble;
  const said = known ? words : state;
  const made = good(ok, detail === '' ? said : `${said} · ${detail}`);
  if (known && name === 'node' && detail !== '' && detail !== state) made.append(asItWasSaid(state));
  return made;
}

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
  showBans(info);
  pays = info.dependencies.some((part) => part.name === 'payouts');
  fill('part', info.dependencies.map((part) => row(cell(worded('part', part.name)), partState(part))), '–');
  fill('node', info.nodes.map((node) => row(
    cell(node.name),
    cell(worded('role', node.role)),
    cell(count(node.height), 'num'),
    cell(node.template_age_ms === null ? '–' : milliseconds(node.template_age_ms), 'num'),
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

function showBans({ bans, banned }) {
  const now = Date.now() / 1000;
  show('operator-bans', count(bans));
  show('ban-count', bans > banned.length ? t('sessions.count', { shown: count(banned.length), all: count(bans) }) : '');
  fill('ban', banned.map((ban) => row(cell(ban.network, 'name', ban.network), cell(inTime(now + ban.seconds_left), 'num'))), t('bans.none'));
}

/** Why an account is not paid, in this language; as the pool said it, where nobody has words for it. */
function whyNot({ code, reason, limit_sat: limit, about }) {
  const words = t(`passed.${code}`, { limit: sats(limit), about });
  return words === `passed.${code}` ? reason : words;
}

/** Whom a payout would pay first, then whom it would not, and why. */
function showDryRun({ items, passed_over: passed, total_sat: total, fee_max_sat: fee }) {
  const paid = items.map((item) => [item.account, item.address, sats(item.amount_sat), sats(item.fee_share_sat), '']);
  const unpaid = passed.map((each) => [each.account, '–', sats(each.available_sat), '–', whyNot(each)]);
  const all = [...paid, ...unpaid];
  const listed = all.slice(0, rowsMost);
  show('dryrun-sum', `${t('dryrun.sum', { n: count(items.length), total: sats(total), fee: sats(fee) })} · ${t('sessions.count', { shown: count(listed.length), all: count(all.length) })}`);
  fill('dryrun', listed.map(([account, address, amount, share, why]) => row(
    cell(account, 'name', account),
    cell(address, 'hash', address),
    cell(amount, 'num'),
    cell(share, 'num'),
    cell(why, why === '' ? '' : 'bad'),
  )), t('dryrun.none'));
}

// What JSON-RPC calls the reasons for which a payout cannot be told of.
const refusals = { '-2': 'role', '-28': 'away' };
let pays = true; // a server without a wallet says so for each question

/** Why there is no dry run, in this language; as the pool said it, where nobody has words for it. */
function whyNoDryRun({ code, message }) {
  const key = pays ? refusals[code] : 'nobody';
  return key === undefined ? `${t('dryrun.failed')} · ${message}` : t(`dryrun.${key}`);
}

async function dryRun() {
  show('dryrun-sum', t('loading'));
  $('dryrun-message').title = '';
  try {
    showDryRun(await call('previewpayout'));
  } catch (error) {
    show('dryrun-sum', '');
    fill('dryrun', [], error instanceof Refused ? t('no.answer') : whyNoDryRun(error));
    $('dryrun-message').title = error.message;
  }
}

export function begin() {
  $('dryrun').addEventListener('click', dryRun);
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
