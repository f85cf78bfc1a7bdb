// A rate over time as SVG: a line for each average that is chosen, marks where the pool has found a block and where
// nobody worked; read by pointer, by arrow keys, and by its label.

import { readIfAny } from './api.js';
import { day, hour, lengthOf, linesOf, minute, readingsFor, week } from './averages.js';
import { hashes } from './format.js';
import { language, t } from './i18n.js';

const width = 600;
const height = 150;
const refreshMs = 60000;
const names = { [minute]: 'column.one', [5 * minute]: 'column.five', [10 * minute]: 'column.ten', [hour]: 'column.hour', [day]: 'column.day', [week]: 'column.week' };
const pauseLeast = 600; // seconds

const blocksMost = 100;
const lost = ['orphaned', 'rejected'];

/** The newest blocks of the pool that count; none where they cannot be read. */
async function blocksFound() {
  const blocks = await readIfAny(`/api/v1/blocks?limit=${blocksMost}`);
  return (blocks ?? []).filter((block) => !lost.includes(block.state));
}

/** From where to where nobody worked who had before: [first, last] of each such run; not the step that is under way. */
function pauses(rates, step) {
  const runs = [];
  const begun = rates.findIndex((rate) => rate > 0);
  rates.forEach((rate, index) => {
    if (rate > 0 || begun < 0 || index < begun || index === rates.length - 1) return;
    if (runs.at(-1)?.[1] === index - 1) runs.at(-1)[1] = index; else runs.push([index, index]);
  });
  return runs.filter(([first, last]) => (last - first + 1) * step >= pauseLeast);
}

const time = (seconds) => new Date(seconds * 1000).toLocaleString(language(), { dateStyle: 'short', timeStyle: 'short' });

export class Chart {
  /** figure: holds a select of ranges, an output, an svg, and a paragraph each for its axis and for its choice of averages. */
  constructor(figure, ofWorker = false) {
    this.axis = [...figure.querySelectorAll('.axis span')];
    [this.range, this.output, this.svg, this.choice] = ['select', 'output', 'svg', '.choice'].map((each) => figure.querySelector(each));
    Object.assign(this, { figure, ofWorker, lines: [], blocks: [], points: [], hidden: new Set([minute]) }); // hidden: averages
    this.range.addEventListener('change', () => this.load(this.path, this.token, true));
    this.svg.addEventListener('pointermove', (event) => {
      const box = this.svg.getBoundingClientRect();
      this.point(Math.round(((event.clientX - box.left) / box.width) * (this.points.length - 1)));
    });
    this.svg.addEventListener('pointerleave', () => this.point(-1));
    this.svg.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      this.point((this.at < 0 ? this.points.length - 1 : this.at) + by);
    });
  }

  /** path: of the API, without its range. token: as read() takes it. Reads at most once a minute unless it must. */
  async load(path, token = '', now = false) {
    if (!path || (!now && path === this.path && Date.now() - this.loaded < refreshMs)) return;
    if (path !== this.path) this.show([], []); // nobody sees another one's line under this name
    Object.assign(this, { path, token, loaded: Date.now() });
    const range = this.range.value;
    const readings = readingsFor(range, this.ofWorker);
    const [blocks, ...parts] = await Promise.all([
      blocksFound(),
      ...readings.map((each) => readIfAny(`${path}?range=${each.range}&step=${each.step}`, token)),
    ]);
    if (path !== this.path || range !== this.range.value) return; // another one was asked for meanwhile
    if (parts.includes(null)) { // what was drawn stands until there is an answer
      this.loaded = 0;
      return;
    }
    const until = Date.now() / 1000;
    this.show(parts.flatMap((part, index) => linesOf(part, readings[index].overs, until - lengthOf(range), until)), blocks);
  }

  /** lines: the finest first. */
  show(lines, blocks) {
    Object.assign(this, { lines, blocks, at: -1, points: lines[0]?.points ?? [] });
    this.figure.hidden = this.points.length < 2;
    if (this.figure.hidden) return;
    this.offer();
    this.draw();
  }

  /** A box to tick for each average. */
  offer() {
    const focused = this.choice.contains(document.activeElement) ? document.activeElement.value : null;
    this.choice.replaceChildren(...this.lines.map(({ over }) => {
      const label = document.createElement('label');
      const box = Object.assign(document.createElement('input'), { type: 'checkbox', value: over, checked: !this.hidden.has(over) });
      box.addEventListener('change', () => {
        if (box.checked) this.hidden.delete(over); else this.hidden.add(over);
        this.draw();
      });
      label.className = `over-${over}`;
      label.append(box, ' ', t(names[over]));
      return label;
    }));
    if (focused) this.choice.querySelector(`[value="${focused}"]`)?.focus();
  }

  draw() {
    const drawn = (name, attributes) => {
      const made = document.createElementNS(this.svg.namespaceURI, name);
      for (const [key, value] of Object.entries({ 'vector-effect': 'non-scaling-stroke', ...attributes })) made.setAttribute(key, value);
      return made;
    };
    const lines = this.lines.filter(({ over }) => !this.hidden.has(over));
    const [from, to] = [this.points[0].at, this.points.at(-1).at];
    const top = Math.max(1, ...lines.map(({ points }) => points.reduce((most, { rate }) => Math.max(most, rate), 0)));
    const x = (at) => (Math.min(Math.max((at - from) / (to - from), 0), 1) * width).toFixed(1); // the last step is under way
    const y = (rate) => (height - (rate / top) * (height - 8)).toFixed(1);
    this.place = ({ at, rate }) => [x(at), y(rate)];
    const along = (points) => points.map((point) => this.place(point).join()).join(' ');
    this.cursor = drawn('line', { class: 'cursor', x1: -99, x2: -99, y1: 0, y2: height });
    const marks = this.blocks.filter((block) => block.found_at >= from).map((block) => {
      const at = x(block.found_at);
      const mark = drawn('line', { x1: at, x2: at, y1: 0, y2: height, class: 'block' });
      mark.append(drawn('title', {}));
      mark.firstChild.textContent = t('chart.block', { height: block.height, time: time(block.found_at) });
      return mark;
    });
    const { step } = this.lines[0];
    const offline = pauses(this.points.map(({ rate }) => rate), step).map(([first, last]) => drawn('line', {
      x1: x(this.points[first].at - step), x2: x(this.points[last].at), y1: height - 1, y2: height - 1, class: 'offline',
    }));
    this.svg.replaceChildren(
      ...lines.slice(0, 1).map(({ points }) => drawn('polygon', { points: `0,${height} ${along(points)} ${width},${height}`, class: 'area' })),
      ...lines.map(({ over, points }) => drawn('polyline', { points: along(points), class: `line over-${over}` })),
      ...offline,
      ...marks,
      this.cursor,
    );
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const found = t('chart.blocks', { n: marks.length });
    const last = (lines[0] ?? this.lines[0]).points.at(-1).rate;
    this.svg.ariaLabel = `${t('chart.label', { top: hashes(top), last: hashes(last) })}; ${found}`;
    this.summary = `${t('chart.top', { top: hashes(top) })} · ${found}`;
    this.output.textContent = this.summary;
    [time(from), time(to)].forEach((text, index) => { this.axis[index].textContent = text; });
  }

  /** Reads off each line what it says at one of the finest line's points. */
  point(index) {
    this.at = Math.min(index, this.points.length - 1);
    if (this.at < 0) {
      this.cursor?.setAttribute('x1', -99);
      this.cursor?.setAttribute('x2', -99);
      this.output.textContent = this.points.length > 1 ? this.summary : '';
      return;
    }
    const { at } = this.points[this.at];
    const [x] = this.place(this.points[this.at]);
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    const said = this.lines.filter(({ over }) => !this.hidden.has(over)).map(({ over, points }) => {
      const there = points.findLast((point) => point.at <= at) ?? points[0];
      return `${t(names[over])} ${hashes(there.rate)}`;
    });
    this.output.textContent = [...said, time(at)].join(' · ');
  }
}
