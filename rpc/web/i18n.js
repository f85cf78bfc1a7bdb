// The words of the page, one file a language; keys stand in the markup as data-t, and hints as data-hint.

const languages = ['en', 'be', 'ru'];
let words = {};

/** The text of a key, with {name} filled in; the key itself when a language lacks it. */
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of a code that the pool or a node has; the code itself, where nobody has words for it. */
export const worded = (kind, code) => words[`${kind}.${code}`] ?? code;

/** What was chosen before, else what the browser prefers, else English. */
export function preferred() {
  const wishes = [localStorage.getItem('language'), ...navigator.languages];
  return wishes.map((wish) => (wish ?? '').slice(0, 2)).find((wish) => languages.includes(wish)) ?? 'en';
}

/** The one that is spoken: dates follow it, not the browser's. */
export const language = () => document.documentElement.lang;

export async function speak(name) {
  const answer = await fetch(`/lang/${name}.json`);
  if (!answer.ok) throw new Error(`no words in ${name}`);
  words = await answer.json();
  document.documentElement.lang = name;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll('[data-hint]')) node.title = t(node.dataset.hint);
  for (const node of document.querySelectorAll('[data-label]')) node.ariaLabel = t(node.dataset.label);
}
