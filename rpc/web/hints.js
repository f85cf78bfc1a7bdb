// What figures and columns mean, as text that opens beside them: a title is for who has a mouse.

import { t } from './i18n.js';

const made = new Map(); // by the list of tiles or the table

/** By the key of an explanation the names of the figures that it explains, each once. */
function explained(place) {
  const names = new Map();
  for (const node of place.querySelectorAll('[data-hint]')) {
    const { hint } = node.dataset;
    const name = (node.querySelector('[data-t]') ?? node).textContent;
    names.set(hint, (names.get(hint) ?? new Set()).add(name));
  }
  return names;
}

function listOf(names) {
  const list = document.createElement('dl');
  for (const [hint, figures] of names) {
    const [term, text] = ['dt', 'dd'].map((each) => document.createElement(each));
    term.textContent = [...figures].join(', ');
    text.textContent = t(hint);
    list.append(term, text);
  }
  return list;
}

/** Opened by key, finger and mouse alike; read where it stands: below tiles, above the table whose rows may be many. */
function opener(place) {
  const details = document.createElement('details');
  details.className = 'hints';
  details.append(document.createElement('summary'));
  if (place.matches('.tiles')) place.after(details); else place.before(details);
  made.set(place, details);
  return details;
}

/** Makes all of them anew, in the language of now; what is open stays open. */
export function explain() {
  for (const place of document.querySelectorAll('.tiles, .scroll')) {
    const names = explained(place);
    if (names.size === 0) continue;
    const details = made.get(place) ?? opener(place);
    const [summary] = details.children;
    summary.textContent = place.matches('.tiles') ? t('hints.figures') : t('hints.columns');
    details.replaceChildren(summary, listOf(names));
  }
}
