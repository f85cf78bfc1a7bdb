// A rate over time as SVG: read by pointer, by arrow keys, and by its label.

import { hashes } from './format.js';
import { t } from './i18n.js';

const width = 600;
const height = 150;
const refreshMs = 60000;

function drawIn(svg, name, attributes) {
  const made = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class Chart {
  /** figure: holds a select of ranges, an output and an svg. */
  constructor(figure) {
    [this.range, this.output, this.svg] = ['select', 'output', 'svg'].map((each) => figure.querySelector(each));
    this.figure = figure;
    this.points = [];
    this.range.addEventListener('change', () => this.load(this.path, true));
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

  /** path: of the API, without its range. Reads at most once a minute unless it must. */
  async load(path, now = false) {
    if (!path || (!now && path === this.path && Date.now() - this.loaded < refreshMs)) return;
    this.path = path;
    this.loaded = Date.now();
    const answer = await fetch(`${path}?range=${this.range.value}`, { signal: AbortSignal.timeout(10000) });
    if (path !== this.path) return; // another one was asked for meanwhile
    this.show(answer.ok ? (await answer.json()).points : []);
  }

  show(points) {
    this.points = points;
    this.at = -1;
    this.figure.hidden = points.length < 2;
    if (points.length < 2) return;
    const top = Math.max(...points.map((point) => point.hashrate), 1);
    const x = (index) => (index * width) / (points.length - 1);
    const y = (rate) => height - (rate / top) * (height - 8);
    const line = points.map((point, index) => `${x(index).toFixed(1)},${y(point.hashrate).toFixed(1)}`).join(' ');
    this.place = (index) => [x(index), y(points[index].hashrate)];
    const draw = (name, attributes) => drawIn(this.svg, name, attributes);
    this.cursor = draw('circle', { r: 4, class: 'cursor', cx: -99, cy: 0 });
    this.svg.replaceChildren(
      draw('polygon', { points: `0,${height} ${line} ${width},${height}`, class: 'area' }),
      draw('polyline', { points: line, class: 'line', 'vector-effect': 'non-scaling-stroke' }),
      this.cursor,
    );
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.ariaLabel = t('chart.label', { top: hashes(top), last: hashes(points[points.length - 1].hashrate) });
    this.output.textContent = t('chart.top', { top: hashes(top) });
    this.top = top;
  }

  point(index) {
    this.at = Math.min(index, this.points.length - 1);
    if (this.at < 0) {
      this.cursor?.setAttribute('cx', -99);
      this.output.textContent = this.points.length > 1 ? t('chart.top', { top: hashes(this.top) }) : '';
      return;
    }
    const point = this.points[this.at];
    const [cx, cy] = this.place(this.at);
    this.cursor.setAttribute('cx', cx);
    this.cursor.setAttribute('cy', cy);
    this.output.textContent = `${hashes(point.hashrate)} · ${new Date(point.at * 1000).toLocaleString()}`;
  }
}
