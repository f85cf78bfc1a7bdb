// The charts: an average of minutes, hours and a day, each a line that is chosen; what they are reckoned from.

/** Each once: on a slow machine they are asked for again meanwhile. */
const readings = (asked) => [...new Set(asked.filter((url) => url.pathname.endsWith('/history')).map((url) => url.search))].join(' ');

/** What linesOf makes of a history, in the page's own code. */
const reckoned = (page, history, overs, from, now) => page.evaluate(async (given) => {
  const { linesOf } = await import('/averages.js');
  return linesOf(given.history, given.overs, given.from, given.now).map(({ over, points }) => [over, points.map(({ at, rate }) => `${at}:${rate}`).join(' ')].join(' = '));
}, { history, overs, from, now });

export async function check(watched, { address }) {
  const page = await watched.visitor();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url())));
  await watched.visit(page, `#/account/${address}`);
  await page.locator('#user-chart svg polyline.line').first().waitFor();
  watched.same(readings(asked), '?range=24h&step=1m ?range=7d&step=1h', 'what a day is read from');
  watched.same((await page.locator('#user-chart .choice label').allTextContents()).map((text) => text.trim()).join(), '1 min,5 min,1 h,24 h', 'averages to choose from');
  const lines = () => page.locator('#user-chart polyline.line').evaluateAll((all) => all.map((line) => line.getAttribute('class')).join());
  watched.same(await lines(), 'line over-300,line over-3600,line over-86400', 'lines at first');
  await page.getByLabel('1 min', { exact: true }).check();
  await page.locator('#user-chart').getByLabel('24 h', { exact: true }).uncheck();
  watched.same(await lines(), 'line over-60,line over-300,line over-3600', 'lines that were chosen');
  await page.locator('#user-chart svg').focus();
  await page.keyboard.press('ArrowLeft');
  watched.holds(/^1 min .*H\/s · 5 min .*H\/s · 1 h .*H\/s · /.test(await page.locator('#user-chart output').textContent()), 'a moment of the chart says each line\'s rate');
  await watched.shot(page, 'chart');
  await page.locator('#language').selectOption('ru');
  await page.waitForFunction(() => document.documentElement.lang === 'ru');
  await page.locator('#user-chart svg').focus();
  await page.keyboard.press('ArrowLeft');
  const moment = await page.locator('#user-chart output').textContent();
  watched.holds(/ · \d\d\.\d\d\.\d{4}, \d\d:\d\d$/.test(moment), `a date of the language, not of the browser: ${moment}`);
  await page.locator('#language').selectOption('en');
  await page.waitForFunction(() => document.documentElement.lang === 'en');

  asked.length = 0;
  await page.locator('#user-chart select').selectOption('48h');
  await page.waitForFunction(() => document.querySelectorAll('#user-chart .choice input').length === 3);
  watched.same(readings(asked), '?range=48h&step=10m ?range=7d&step=1h', 'what two days are read from');
  asked.length = 0;
  await page.locator('#user-chart select').selectOption('7d');
  await page.waitForFunction(() => document.querySelectorAll('#user-chart .choice input').length === 2);
  watched.same(readings(asked), '?range=30d&step=1h', 'what a week is read from');
  asked.length = 0;
  await watched.visit(page, `#/account/${address}/rig-1`);
  await page.locator('#worker-chart svg polyline.line').first().waitFor();
  watched.same(readings(asked), '?range=24h&step=10m ?range=7d&step=1h', 'what a worker\'s day is read from');
  asked.length = 0;
  await page.locator('#worker-chart select').selectOption('48h');
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((entry) => entry.name.includes('/rig-1/history?range=48h')));
  watched.same(readings(asked), '?range=48h&step=10m ?range=7d&step=1h', 'what two days of a worker are read from');

  // Four minutes, the last of which is under way: averages end where they stand, and go back beyond the edge.
  const history = { step_s: 60, points: [[0, 10], [60, 20], [120, 60], [180, 7]].map(([at, hashrate]) => ({ at, hashrate })) };
  watched.same((await reckoned(page, history, [60, 120], 120, 200)).join('; '), '60 = 60:10 120:20 180:60; 120 = 60:10 120:15 180:40', 'averages of minutes');
  const first = { step_s: 60, points: [[0, 0], [60, 7]].map(([at, hashrate]) => ({ at, hashrate })) };
  watched.same((await reckoned(page, first, [60], 0, 70)).join(), '60 = 60:0 70:7', 'a pool\'s first minute');
}
