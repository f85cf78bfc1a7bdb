// Tables as files that spreadsheets read.

import { link } from './dom.js';

/** What miners name themselves may begin as a formula does; a spreadsheet must not run it. */
function cell(value) {
  const text = String(value ?? '');
  const formula = typeof value !== 'number' && /^(\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/.test(text);
  return `"${(formula ? `'${text}` : text).replaceAll('"', '""')}"`;
}

/** rows: objects with those fields. */
export function csv(fields, rows) {
  const lines = rows.map((row) => fields.map((field) => cell(row[field])).join(','));
  return [fields.join(','), ...lines, ''].join('\r\n');
}

export function save(name, text) {
  const file = link('', URL.createObjectURL(new Blob([text], { type: 'text/csv' })));
  file.download = name;
  file.click();
  setTimeout(() => URL.revokeObjectURL(file.href), 1000);
}
