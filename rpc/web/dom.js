// The few things that every page does to the document. Text goes in as text: nothing here makes markup of it.

import { ago } from './format.js';
import { t } from './i18n.js';

export const $ = (id) => document.getElementById(id);

export function show(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/** A cell of a table. kind: its classes; title: what stands behind the short text. */
export function cell(text, kind, title) {
  const made = document.createElement('td');
  made.textContent = text;
  if (kind) made.className = kind;
  if (title) made.title = title;
  return made;
}

export function row(...cells) {
  const made = document.createElement('tr');
  made.append(...cells);
  return made;
}

export function link(text, href) {
  const made = document.createElement('a');
  made.textContent = text;
  made.href = href;
  return made;
}

/** Rows made anew; who was on a link or a button of the old ones stays on it. */
export function replaceRows(body, ...rows) {
  const name = (each) => each.ariaLabel ?? each.textContent;
  const focused = body.contains(document.activeElement) ? name(document.activeElement) : null;
  body.replaceChildren(...rows);
  if (focused) [...body.querySelectorAll('a, button')].find((each) => name(each) === focused)?.focus({ preventScroll: true });
}

/** The rows of a table that may be empty, or the sentence that says why it is. */
export function fill(table, rows, message) {
  replaceRows($(`${table}-rows`), ...rows);
  $(`${table}-table`).hidden = rows.length === 0;
  $(`${table}-message`).hidden = rows.length > 0;
  show(`${table}-message`, message);
}

/** How long ago, with the time itself behind it; seconds: since 1970. */
export const timeCell = (seconds) => cell(ago(seconds), 'num', new Date(seconds * 1000).toISOString());

/** A state of the API is one lower-case word, or it is none that we know. */
export function stateCell(state) {
  const word = /^[a-z]+$/.test(state) && t(`state.${state}`) !== `state.${state}` ? state : 'other';
  return cell(t(`state.${word}`), `state-${word}`);
}

/** Pages by plain http from another machine have no clipboard: there it is done as by hand. */
async function copy(element) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  }
  getSelection().selectAllChildren(element);
  const done = document.execCommand('copy');
  if (done) getSelection().removeAllRanges(); // else it stays, for who copies it himself
  return done;
}

/** A copy button for the text of an element. */
export function letCopy(button) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    if (!await copy($(button.dataset.copy))) return;
    button.textContent = t('copied');
    setTimeout(() => { button.textContent = t('copy'); }, 1500);
  });
}
