// The blocks that the pool found, how lucky they were, and what the nodes said to each.

import { read } from './api.js';
import { $, cell, fill, row, show, stateCell, timeCell } from './dom.js';
import { count, percent, sats } from './format.js';
import { t, worded } from './i18n.js';
import { Pages } from './pages.js';
import { terms, transactionCell } from './terms.js';

const pageLength = (cursor) => (cursor === '' ? 20 : 100);
const spans = [10, 50, 250];
const open = new Map(); // by hash, the row that tells what the nodes said
let list = null;

/** What a node said, as words where we have some, else as it said it. */
function answerText(answer) {
  const took = t('answer.took', { ms: count(answer.took_ms) });
  const why = answer.reason === answer.outcome ? '' : worded('refused', answer.reason);
  return [answer.node, worded('outcome', answer.outcome), why, took].filter((part) => part !== '').join(' · ');
}

async function showAnswers(block, place) {
  const { answers } = await read(`/api/v1/blocks/${block.hash}`);
  const list = document.createElement('ul');
  list.append(...answers.map((answer) => {
    const item = document.createElement('li');
    item.textContent = answerText(answer);
    item.title = new Date(answer.at_ms).toISOString();
    return item;
  }));
  if (answers.length === 0) list.textContent = t('answers.none');
  place.replaceChildren(list);
}

function answersRow(block) {
  const made = row(cell('…', 'answers'));
  const [place] = made.cells;
  place.colSpan = 11;
  showAnswers(block, place).catch(() => { place.textContent = t('no.answer'); });
  return made;
}

/** The button that shows or hides what the nodes said. */
function opener(block, again) {
  const made = document.createElement('button');
  const isOpen = open.has(block.hash);
  made.type = 'button';
  made.textContent = isOpen ? '−' : '+';
  made.ariaExpanded = String(isOpen);
  made.ariaLabel = t('answers', { height: count(block.height) });
  made.addEventListener('click', () => {
    if (!open.delete(block.hash)) open.set(block.hash, answersRow(block));
    again();
  });
  const place = document.createElement('td');
  place.append(made);
  return place;
}

function blockRows(block, of, again) {
  const made = row(
    opener(block, again),
    cell(count(block.height), 'num'),
    stateCell(block.state),
    timeCell(block.found_at),
    cell(sats(block.reward_sat), 'num'),
    cell(sats(block.fees_sat), 'num'),
    cell(block.effort === null ? '–' : percent(block.effort), 'num'),
    cell(block.confirmations < 0 ? '–' : count(block.confirmations), 'num'),
    cell(block.finder ? `${block.finder}.${block.worker}` : t('private'), 'name', block.finder),
    cell(block.hash, 'hash', block.hash),
    transactionCell(block.coinbase_txid, of),
  );
  return open.has(block.hash) ? [made, open.get(block.hash)] : [made];
}

async function readPage(cursor) {
  const rows = await read(`/api/v1/blocks?limit=${pageLength(cursor)}${cursor === '' ? '' : `&cursor=${cursor}`}`);
  return { rows, next: rows.length < pageLength(cursor) ? null : `${rows.at(-1).height}:${rows.at(-1).hash}` };
}

function showBlocks(blocks, of, again) {
  fill('block', blocks.flatMap((block) => blockRows(block, of, again)), t('blocks.none'));
}

export async function refresh() {
  const [blocks, luck, of] = await Promise.all([list.read('', readPage), read('/api/v1/luck'), terms()]);
  for (const span of spans) {
    const part = luck[`luck_${span}`]; // above 1 is luck
    show(`luck-${span}`, part === null ? '–' : percent(part));
  }
  const again = () => showBlocks(blocks, of, again);
  again();
  for (const [hash, answers] of open) { // a block of this moment has no answer yet
    if (!answers.querySelector('li')) showAnswers({ hash }, answers.cells[0]).catch(() => {});
  }
}

export function begin(again) {
  list = new Pages($('blocks-more'), (block) => block.hash, again);
}
