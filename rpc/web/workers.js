// The table of workers: sorted, filtered, and only the rows in sight are in the document, so that ten
// thousand workers cost as much as thirty.

import { ago, count, hashes, scaled } from './format.js';
import { t } from './i18n.js';

const rowHeight = 34; // px, as in style.css
const margin = 12; // rows beyond the edges

const share = (part, worker) => {
  const all = worker.accepted + worker.stale + worker.rejected;
  return all > 0 ? part / all : 0;
};
const percent = (value) => `${(100 * value).toFixed(2)} %`;
const online = (worker) => worker.difficulty > 0;

const columns = [
  { key: 'state', value: (w) => (online(w) ? 1 : 0), show: (w) => t(online(w) ? 'online' : 'offline'), kind: (w) => (online(w) ? 'good' : 'bad') },
  { key: 'name', value: (w) => w.name, show: (w) => w.name, kind: () => 'name' },
  { key: 'column.ten', value: (w) => w.hashrate_10m, show: (w) => hashes(w.hashrate_10m) },
  { key: 'column.hour', value: (w) => w.hashrate_1h, show: (w) => hashes(w.hashrate_1h) },
  { key: 'column.day', value: (w) => w.hashrate_1d, show: (w) => hashes(w.hashrate_1d) },
  { key: 'accepted', value: (w) => w.accepted, show: (w) => count(w.accepted) },
  { key: 'rejected', value: (w) => share(w.rejected, w), show: (w) => percent(share(w.rejected, w)) },
  { key: 'stale', value: (w) => share(w.stale, w), show: (w) => percent(share(w.stale, w)) },
  { key: 'difficulty', value: (w) => w.difficulty, show: (w) => (online(w) ? scaled(w.difficulty) : '–') },
  { key: 'best', value: (w) => w.best_share, show: (w) => scaled(w.best_share) },
  { key: 'last.share', value: (w) => w.last_share ?? 0, show: (w, now) => (w.last_share === null ? '–' : ago(w.last_share, now)) },
  { key: 'software', value: (w) => w.user_agent, show: (w) => w.user_agent, kind: () => 'name' },
];
const number = (column) => column.kind === undefined;

/** A worker's name may begin as a formula does; a spreadsheet must not run it. */
function csvCell(value) {
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value !== 'number' ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

export class WorkerTable {
  /** nameLink: makes of a worker's name a link to its page. */
  constructor(scroll, table, counter, filter, nameLink) {
    Object.assign(this, { scroll, counter, filter, nameLink, all: [], shown: [], sortBy: null, down: false });
    this.body = table.tBodies[0];
    this.head = table.tHead.rows[0];
    scroll.addEventListener('scroll', () => requestAnimationFrame(() => this.paint()), { passive: true });
    filter.addEventListener('input', () => this.arrange());
    new ResizeObserver(() => this.paint()).observe(scroll);
  }

  /** Makes the headings anew, in the language of now. */
  name() {
    this.head.replaceChildren(...columns.map((column) => {
      const cell = document.createElement('th');
      const button = document.createElement('button');
      cell.scope = 'col';
      if (number(column)) cell.className = 'num';
      if (column === this.sortBy) cell.ariaSort = this.down ? 'descending' : 'ascending';
      button.type = 'button';
      button.textContent = t(column.key) + (column === this.sortBy ? (this.down ? ' ▾' : ' ▴') : '');
      button.addEventListener('click', () => this.sort(column));
      cell.append(button);
      return cell;
    }));
  }

  sort(column) {
    this.down = this.sortBy === column ? !this.down : number(column);
    this.sortBy = column;
    this.name();
    this.head.cells[columns.indexOf(column)].firstChild.focus();
    this.arrange();
  }

  set(workers) {
    this.all = workers;
    this.arrange();
  }

  /** Offline first until somebody sorts: what is missing is what one comes to look for. */
  arrange() {
    const wanted = this.filter.value.trim().toLowerCase();
    this.shown = this.all.filter((worker) => worker.name.toLowerCase().includes(wanted));
    const { value } = this.sortBy ?? columns[0];
    const turn = this.sortBy && this.down ? -1 : 1;
    this.shown.sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left !== right) return (left < right ? -1 : 1) * turn;
      return a.name < b.name ? -1 : 1;
    });
    const offline = this.all.filter((worker) => !online(worker)).length;
    this.counter.textContent = t('workers.count', { shown: count(this.shown.length), all: count(this.all.length), offline: count(offline) });
    this.paint();
  }

  paint() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / rowHeight) - margin);
    const last = Math.min(this.shown.length, first + Math.ceil(this.scroll.clientHeight / rowHeight) + 2 * margin);
    const now = Date.now();
    const rows = this.shown.slice(first, last).map((worker) => this.row(worker, now));
    this.body.replaceChildren(this.space(first), ...rows, this.space(this.shown.length - last));
  }

  row(worker, now) {
    const row = document.createElement('tr');
    for (const column of columns) {
      const cell = document.createElement('td');
      const text = column.show(worker, now);
      cell.append(column.key === 'name' ? this.nameLink(text) : text);
      cell.className = column.kind ? column.kind(worker) : 'num';
      if (cell.className === 'name') cell.title = cell.textContent;
      row.append(cell);
    }
    return row;
  }

  space(rows) {
    const row = document.createElement('tr');
    row.className = 'space';
    row.ariaHidden = 'true';
    row.style.height = `${rows * rowHeight}px`;
    return row;
  }

  csv() {
    const fields = ['name', 'hashrate_1m', 'hashrate_10m', 'hashrate_1h', 'hashrate_1d', 'accepted', 'rejected', 'stale', 'difficulty', 'best_share', 'last_share', 'user_agent'];
    const lines = this.shown.map((worker) => fields.map((field) => csvCell(worker[field] ?? '')).join(','));
    return [fields.join(','), ...lines, ''].join('\r\n');
  }
}
