// A rate over time as SVG: a line of what was measured, a quieter one of its average, marks where the pool has found
// a block and where nobody worked; read by pointer, by arrow keys, and by its label.

import { readIfAny } from './api.js';
import { hashes } from './format.js';
import { t } from './i18n.js';

const width = 600;
const height = 150;
const refreshMs = 60000;
const hour = 3600;
const averagedOver = { '6h': hour, '24h': hour, '7d': 24 * hour, '30d': 24 * hour, '1y': 168 * hour, '2y': 168 * hour }; // seconds, by range

function drawIn(svg, name, attributes) {
  const made = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** The average of the last `span` points at each; of fewer where there are no more. */
function averages(rates, span) {
  let sum = 0;
  return rates.map((rate, index) => {
    sum += rate - (index >= span ? rates[index - span] : 0);
    return Math.max(0, sum / Math.min(index + 1, span)); // never below zero by what floating point leaves
  });
}

const blocksMost = 100;
const lost = ['orphaned', 'rejected'];

/** The newest blocks of the pool that count; none where they cannot be read. */
async function blocksFound() {
  const blocks = await readIfAny(`/api/v1/blocks?limit=${blocksMost}`);
  return (blocks ?? []).filter((block) => !lost.includes(block.state));
}

/** From where to where nobody worked who had before: [first, last] of each such run; not the step that is under way. */
function pauses(rates) {
  const runs = [];
  const begun = rates.findIndex((rate) => rate > 0);
  rates.forEach((rate, index) => {
    if (rate > 0 || begun < 0 || index < begun || index === rates.length - 1) return;
    if (runs.at(-1)?.[1] === index - 1) runs.at(-1)[1] = index; else runs.push([index, index]);
  });
  return runs;
}

const time = (seconds) => new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });

export class Chart {
  /** figure: holds a select of ranges, an output, an svg, and a paragraph of three parts for its axis. */
  constructor(figure) {
    this.axis = [...figure.querySelectorAll('.axis span')];
    [this.range, this.output, this.svg] = ['select', 'output', 'svg'].map((each) => figure.querySelector(each));
    this.figure = figure;
    this.points = [];
    this.blocks = [];
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
    if (path !== this.path) this.show([], 1); // nobody sees another one's line under this name
    Object.assign(this, { path, token, loaded: Date.now() });
    const range = this.range.value;
    const [history, blocks] = await Promise.all([readIfAny(`${path}?range=${range}`, token), blocksFound()]);
    if (path !== this.path || range !== this.range.value) return; // another one was asked for meanwhile
    this.blocks = blocks;
    this.show(history?.points ?? [], Math.max(1, Math.round(averagedOver[range] / (history?.step_s ?? hour))));
  }

  /** span: points that the average goes over. */
  show(points, span) {
    this.points = points;
    this.at = -1;
    this.figure.hidden = points.length < 2;
    if (points.length < 2) return;
    const top = Math.max(...points.map((point) => point.hashrate), 1);
    const x = (index) => (index * width) / (points.length - 1);
    const y = (rate) => height - (rate / top) * (height - 8);
    const rates = points.map((point) => point.hashrate);
    const along = (values) => values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    const line = along(rates);
    this.place = (index) => [x(index), y(points[index].hashrate)];
    const draw = (name, attributes) => drawIn(this.svg, name, attributes);
    this.cursor = draw('circle', { r: 4, class: 'cursor', cx: -99, cy: 0 });
    const [from, to] = [points[0].at, points[points.length - 1].at];
    const marks = this.blocks.filter((block) => block.found_at >= from).map((block) => {
      const at = (((Math.min(block.found_at, to) - from) / (to - from)) * width).toFixed(1); // the last step is under way
      const mark = draw('line', { x1: at, x2: at, y1: 0, y2: height, class: 'block', 'vector-effect': 'non-scaling-stroke' });
      mark.append(draw('title', {}));
      mark.firstChild.textContent = t('chart.block', { height: block.height, time: time(block.found_at) });
      return mark;
    });
    const offline = pauses(rates).map(([first, last]) => draw('line', {
      x1: x(first - 0.5).toFixed(1), x2: x(last + 0.5).toFixed(1), y1: height - 1, y2: height - 1, class: 'offline', 'vector-effect': 'non-scaling-stroke',
    }));
    this.svg.replaceChildren(
      draw('polygon', { points: `0,${height} ${line} ${width},${height}`, class: 'area' }),
      draw('polyline', { points: line, class: 'line', 'vector-effect': 'non-scaling-stroke' }),
      draw('polyline', { points: along(averages(rates, span)), class: 'smooth', 'vector-effect': 'non-scaling-stroke' }),
      ...offline,
      ...marks,
      this.cursor,
    );
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.ariaLabel = t('chart.label', { top: hashes(top), last: hashes(points[points.length - 1].hashrate) });
    this.summary = `${t('chart.top', { top: hashes(top) })} · ${t('chart.blocks', { n: marks.length })}`;
    this.svg.ariaLabel += `; ${t('chart.blocks', { n: marks.length })}`;
    this.output.textContent = this.summary;
    const averaged = t({ [hour]: 'chart.hour', [24 * hour]: 'chart.day' }[averagedOver[this.range.value]] ?? 'chart.week');
    [time(points[0].at), averaged, time(points[points.length - 1].at)].forEach((text, index) => { this.axis[index].textContent = text; });
  }

  point(index) {
    this.at = Math.min(index, this.points.length - 1);
    if (this.at < 0) {
      this.cursor?.setAttribute('cx', -99);
      this.output.textContent = this.points.length > 1 ? this.summary : '';
      return;
    }
    const point = this.points[this.at];
    const [cx, cy] = this.place(this.at);
    this.cursor.setAttribute('cx', cx);
    this.cursor.setAttribute('cy', cy);
    this.output.textContent = `${hashes(point.hashrate)} · ${time(point.at)}`;
  }
}
