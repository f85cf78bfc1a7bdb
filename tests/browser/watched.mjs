// A browser whose every page is watched: what it logs as an error, throws, or asks of anybody but the
// pool is a complaint, and complaints fail the check.

import { chromium } from 'playwright-core';

/** Sizes that people have: a small phone, a desk, a wall. */
export const sizes = { phone: { width: 360, height: 740 }, desk: { width: 1280, height: 900 }, wall: { width: 3840, height: 2160 } };

export class Watched {
  /** given: web (http://host:port), admin, shots (a folder), and what the check needs. */
  constructor(given) {
    Object.assign(this, { given, complaints: [], expected: [] });
  }

  async start() {
    this.browser = await chromium.launch({
      executablePath: this.given.chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  }

  async stop() {
    await this.browser?.close();
  }

  /** A visitor of his own: nothing is remembered from another one. */
  async visitor({ size = 'desk', language = 'en-GB', dark = true, ...more } = {}) {
    const context = await this.browser.newContext({
      viewport: sizes[size], locale: language, colorScheme: dark ? 'dark' : 'light', ...more,
    });
    context.setDefaultTimeout(20000);
    const page = await context.newPage();
    const origins = [this.given.web, this.given.admin].map((url) => new URL(url).origin);
    page.on('pageerror', (error) => this.complaints.push(`thrown: ${error.message}`));
    page.on('console', (message) => {
      const text = `${message.text()} (${message.location().url})`;
      if (message.type() === 'error' && !this.expected.some((part) => text.includes(part))) this.complaints.push(`console: ${text}`);
    });
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (!['data:', 'blob:'].includes(protocol) && !origins.includes(origin)) this.complaints.push(`asked of a stranger: ${request.url()}`);
    });
    return page;
  }

  /** Goes to a place of the pool's pages ("#/blocks") and waits until it is live. */
  async visit(page, place = '#/', origin = this.given.web) {
    await page.goto(`${origin}/${place}`);
    await page.locator('#status.good').waitFor();
  }

  async shot(page, name) {
    await page.screenshot({ path: `${this.given.shots}/${name}.png`, fullPage: true });
  }

  complain(text) {
    this.complaints.push(text);
  }

  same(got, wanted, what) {
    if (got !== wanted) this.complain(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  }

  holds(condition, what) {
    if (!condition) this.complain(what);
  }
}
