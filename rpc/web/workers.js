// The table of workers: sorted, filtered, and only the rows in sight are in the document, so that ten
// thousand workers cost as much as thirty.

import { csv } from './csv.js';
import { replaceRows } from './dom.js';
import { ago, count, finePercent, hashes, scaled } from './format.js';
import { t } from './i18n.js';

const rowHeight = 34; // px, as in style.css
const margin = 12; // rows beyond the edges

const share = (part, worker) => {
  const all = worker.accepted + worker.stale + worker.rejected;
  return all > 0 ? part / all : 0;
};
const online = (worker) => worker.difficulty > 0;
/** earlier: the books alone know it; its counts of this server's life are none rather than 0. */
export const stateOf = (worker) => (online(worker) ? 'online' : worker.earlier ? 'earlier' : 'offline');
const counted = (text) => (worker) => (worker.earlier ? '–' : text(worker));

const columns = [
  { key: 'state', value: (w) => (w.members ? w.online / w.members : online(w) ? 1 : 0), show: (w) => (w.members ? `${count(w.online)} / ${count(w.members)}` : t(stateOf(w))), kind: (w) => (w.members ? (w.online === w.members) : online(w)) ? 'good' : 'bad' },
  { key: 'name', value: (w) => w.name, show: (w) => w.name, kind: () => 'name' },
  { key: 'column.five', value: (w) => w.hashrate_5m, show: (w) => hashes(w.hashrate_5m) },
  { key: 'column.hour', value: (w) => w.hashrate_1h, show: (w) => hashes(w.hashrate_1h) },
  { key: 'column.day', value: (w) => w.hashrate_1d, show: (w) => hashes(w.hashrate_1d) },
  { key: 'accepted', value: (w) => w.accepted, show: counted((w) => count(w.accepted)) },
  { key: 'rejected', value: (w) => share(w.rejected, w), show: counted((w) => finePercent(share(w.rejected, w))) },
  { key: 'stale', value: (w) => share(w.stale, w), show: counted((w) => finePercent(share(w.stale, w))) },
  { key: 'difficulty', value: (w) => w.difficulty, show: (w) => (online(w) ? scaled(w.difficulty) : '–') },
  { key: 'best', value: (w) => w.best_share, show: counted((w) => scaled(w.best_share)) },
  { key: 'last.share', value: (w) => w.last_share ?? 0, show: (w, now) => (w.last_share === null ? '–' : ago(w.last_share, now)) },
  { key: 'software', value: (w) => w.user_agent, show: (w) => w.user_agent, kind: () => 'name' },
];
const number = (column) => column.kind === undefined;

const fields = ['name', 'hashrate_1m', 'hashrate_5m', 'hashrate_10m', 'hashrate_1h', 'hashrate_1d', 'accepted', 'rejected', 'stale', 'difficulty', 'best_share', 'last_share', 'user_agent'];
const summed = ['hashrate_1m', 'hashrate_5m', 'hashrate_10m', 'hashrate_1h', 'hashrate_1d', 'accepted', 'rejected', 'stale'];

/** What stands before the first of these signs: how farms name their halls. */
const prefixOf = (name) => name.split(/[._:+=@-]/, 1)[0];

/** One line for all workers of a prefix; members: how many. */
function grouped(workers) {
  const groups = new Map();
  for (const worker of workers) {
    const name = prefixOf(worker.name);
    const group = groups.get(name) ?? { ...worker, name, members: 0, online: 0, earlier: false, difficulty: 0, best_share: 0, last_share: null, user_agent: '' };
    if (group.members === 0) for (const field of summed) group[field] = 0;
    group.members += 1;
    group.online += online(worker) ? 1 : 0;
    for (const field of summed) group[field] += worker[field];
    group.best_share = Math.max(group.best_share, worker.best_share);
    group.last_share = Math.max(group.last_share ?? 0, worker.last_share ?? 0) || null;
    groups.set(name, group);
  }
  return [...groups.values()];
}

export class WorkerTable {
  /** group: a checkbox; nameLink: makes of a worker's name a link to its page. */
  constructor(scroll, table, counter, filter, group, nameLink) {
    Object.assign(this, { scroll, table, counter, filter, group, nameLink, all: [], shown: [], sortBy: null, down: false });
    this.body = table.tBodies[0];
    this.head = table.tHead.rows[0];
    this.head.ariaRowIndex = 1;
    scroll.addEventListener('scroll', () => requestAnimationFrame(() => this.paint()), { passive: true });
    filter.addEventListener('input', () => this.arrange());
    group.addEventListener('change', () => this.arrange());
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
    const found = this.all.filter((worker) => worker.name.toLowerCase().includes(wanted));
    this.shown = this.group.checked ? grouped(found) : found;
    const { value } = this.sortBy ?? columns[0];
    const turn = this.sortBy && this.down ? -1 : 1;
    this.shown.sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left !== right) return (left < right ? -1 : 1) * turn;
      return a.name < b.name ? -1 : 1;
    });
    const offline = this.all.filter((worker) => !online(worker)).length;
    this.counter.textContent = t('workers.count', { shown: count(found.length), all: count(this.all.length), offline: count(offline) });
    this.paint();
  }

  paint() {
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / rowHeight) - margin);
    const last = Math.min(this.shown.length, first + Math.ceil(this.scroll.clientHeight / rowHeight) + 2 * margin);
    const now = Date.now();
    const rows = this.shown.slice(first, last).map((worker, i) => this.row(worker, now, first + i));
    this.table.ariaRowCount = this.shown.length + 1; // with the headings
    replaceRows(this.body, this.space(first), ...rows, this.space(this.shown.length - last));
  }

  row(worker, now, place) {
    const row = document.createElement('tr');
    row.ariaRowIndex = place + 2; // headings are the first
    for (const column of columns) {
      const cell = document.createElement('td');
      const text = column.show(worker, now);
      cell.append(column.key !== 'name' ? text : worker.members ? this.groupButton(text) : this.nameLink(text));
      cell.className = column.kind ? column.kind(worker) : 'num';
      if (cell.className === 'name') cell.title = cell.textContent;
      row.append(cell);
    }
    return row;
  }

  /** Shows the workers of a group one by one. */
  groupButton(name) {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = name;
    made.addEventListener('click', () => {
      this.filter.value = name;
      this.group.checked = false;
      this.arrange();
      this.filter.focus();
    });
    return made;
  }

  space(rows) {
    const row = document.createElement('tr');
    row.className = 'space';
    row.ariaHidden = 'true';
    row.style.height = `${rows * rowHeight}px`;
    return row;
  }

  csv() {
    return csv(fields, this.shown);
  }
}
