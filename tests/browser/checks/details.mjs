// What stands behind an account's figures: groups of workers, sites, files for spreadsheets, a worker's connections, luck.

import { readFile } from 'node:fs/promises';

async function downloaded(page, button) {
  const download = page.waitForEvent('download');
  await page.locator(button).click();
  return readFile(await (await download).path(), 'utf8');
}

/** A worker that only the books know, which takes a restart to come about: what the table and its own page say of it. */
async function ofTheBooks(watched, address) {
  const page = await watched.visitor();
  const earlier = { earlier: true, hashrate_5m: 0, difficulty: 0, accepted: 0, stale: 0, rejected: 0, best_share: 0, user_agent: '', sessions: [], session_count: 0 };
  await page.route(/\/users\/[^/]+\/workers(\?.*|\/rig-1)$/, async (route) => {
    const body = await (await route.fetch()).json();
    for (const worker of body.workers ?? [body]) if (worker.name === 'rig-1') Object.assign(worker, earlier);
    await route.fulfill({ json: body });
  });
  await watched.visit(page, `#/account/${address}`);
  const row = page.locator('#worker-table tbody tr', { has: page.locator('a', { hasText: 'rig-1' }) });
  await row.waitFor();
  const places = await page.locator('#worker-table').evaluate((table) => [table.ariaRowCount, table.tHead.rows[0].ariaRowIndex, ...[...table.querySelectorAll('tbody tr:not(.space)')].map((each) => each.ariaRowIndex)]);
  watched.same(places.join(), [places.length - 1, ...places.slice(1).map((_, i) => i + 1)].join(), 'rows, and the place of each, for who hears the table');
  await row.waitFor();
  const said = await row.locator('td').allTextContents();
  watched.same([0, 5, 6, 7, 8, 9].map((column) => said[column]).join(), 'not since the start,–,–,–,–,–', 'the table of a worker that only the books know');
  await row.locator('a').click();
  await page.locator('#worker-panel:not([hidden])').waitFor();
  const tiles = await Promise.all(['state', 'accepted', 'stale', 'rejected', 'best'].map((each) => page.locator(`#worker-${each}`).textContent()));
  watched.same(tiles.join(), 'not since the start,–,–,–,–', 'the page of a worker that only the books know');
}

export async function check(watched, { address }) {
  const page = await watched.visitor();
  watched.expected.push('404'); // the pool has no such site
  // Sites take minutes to come about; the page cannot tell these from the pool's.
  const charts = [];
  page.on('request', (request) => { if (request.url().includes('/history')) charts.push(new URL(request.url()).pathname); });
  await page.route('**/users/*/sites', (route) => route.fulfill({ json: [
    { site: 'main', hashrate_1d: 0, shares: 0, stale: 0 }, { site: 'brest', hashrate_1d: 1.5e15, shares: 7, stale: 1 }] }));
  await watched.visit(page, `#/account/${address}`);
  await page.locator('#worker-table tbody td.name', { hasText: 'rig-1' }).waitFor();
  await page.locator('#worker-group').check();
  const group = page.locator('#worker-table tbody tr', { has: page.getByRole('button', { name: 'rig', exact: true }) });
  watched.same(await group.locator('td').first().textContent(), '1 / 1', 'how many of a group work');
  await watched.shot(page, 'groups');
  await group.getByRole('button').click();
  await page.locator('#worker-table tbody a', { hasText: 'rig-1' }).waitFor();
  watched.same(await page.locator('#worker-filter').inputValue(), 'rig', 'the filter after a group was opened');

  watched.holds((await page.locator('#site-rows').textContent()).includes('1.50 PH/s'), 'a site\'s rate is not shown');
  await page.locator('#site').selectOption('brest');
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((entry) => entry.name.includes('/sites/brest/history')));
  watched.holds(charts.some((path) => path.endsWith('/sites/brest/history')), 'the chart does not ask for the site');

  const shares = {};
  for (const what of ['accepted', 'stale', 'rejected']) {
    const text = await page.locator(`#user-${what}`).textContent();
    const [, number, part] = /^([\d\u202f]+) · ([\d.]+)\s%$/u.exec(text) ?? [text, '', 'NaN'];
    shares[what] = { number: Number(number.replace(/\D/gu, '')), part: Number(part) };
  }
  const whole = shares.accepted.number + shares.stale.number + shares.rejected.number;
  watched.holds(shares.accepted.number > 0, `accepted: ${JSON.stringify(shares)}`);
  for (const [what, { number, part }] of Object.entries(shares)) watched.holds(Math.abs((100 * number) / whole - part) < 0.01, `${what}: ${part} % of ${whole}`);
  watched.same(await page.locator('#worker-table th button').allTextContents().then((all) => all.slice(2, 5).join()), '5 min,1 h,24 h', 'averages of the table of workers');

  watched.same(await page.locator('#paid-all').textContent(), '0 sat', 'what was paid');
  watched.same(await page.locator('#next-payout').textContent(), 'when the operator makes one', 'the next payout');
  await page.locator('#earnings summary').click();
  const earnings = await downloaded(page, '#earning-csv');
  watched.holds(earnings.startsWith('height,hash,state,time,gross_sat,fee_sat,net_sat\r\n'), `the file of earnings begins with ${earnings.slice(0, 60)}`);
  const cells = await page.evaluate(async () => {
    const { csv } = await import('/csv.js');
    return csv(['a'], ['=1+1', '+1', '-1', '@x', ' =1', '\t=1', '\uff1d1', 'a"b', 'rig-1', -5, null].map((a) => ({ a }))).split('\r\n');
  });
  watched.same(cells.slice(1, -1).join('|'), '"\'=1+1"|"\'+1"|"\'-1"|"\'@x"|"\' =1"|"\'\t=1"|"\'\uff1d1"|"a""b"|"rig-1"|"-5"|""', 'what a spreadsheet could run');

  await page.locator('#worker-table tbody a', { hasText: 'rig-1' }).click();
  await page.locator('#session-rows tr').first().waitFor();
  const session = (await page.locator('#session-rows tr').first().locator('td').allTextContents());
  watched.holds(Number(session[2].replace(/\D/g, '')) > 0, `a connection with ${session[2]} shares`);
  const delays = session.slice(6, 8);
  watched.holds(delays.every((text) => /^[\d\u202f.]+ m?s$/.test(text)), `from a job to its first share: ${delays.join()}`);
  watched.same(await page.evaluate(async () => {
    const { delay } = await import('/format.js');
    return [0, 640.4, 999, 1000, 4249, 99999, 123456].map(delay).join('|');
  }), '0 ms|640 ms|999 ms|1.0 s|4.2 s|100.0 s|123 s', 'times as people read them');
  watched.same(await page.locator('#session-count').textContent(), 'shown: 1 of 1', 'connections of the worker');
  watched.same((await page.locator('#reject-rows td:first-child').allTextContents()).join('|'), [
    'for a job of an older block', 'sent twice', 'below the difficulty that was set', 'for a job that is not known',
    'with a time that is too old or too new', 'with version bits that may not be rolled', 'another reason'].join('|'), 'why shares are refused');

  // The pool's own luck is as its blocks are; what the page makes of it is not.
  await watched.visit(page, '#/blocks');
  // Known once a minute with a block in it is booked.
  await page.waitForFunction(() => /^[\d.]+ %$/.test(document.getElementById('luck-250').textContent), null, { timeout: 150000 });
  // All of one moment: blocks are found meanwhile.
  const { block, explorer } = await page.evaluate(() => {
    const newest = document.querySelector('#block-rows tr');
    return { block: [...newest.cells].map((cell) => cell.textContent), explorer: newest.querySelector('a')?.href };
  });
  watched.holds(/^[\d\u202f]+ sat$/.test(block[5]), `fees of a block: ${block[5]}`);
  watched.holds(/^[0-9a-f]{64}$/.test(block[10]) && block[10] !== block[9], `the coinbase of a block: ${block[10]}`);
  watched.same(explorer, `https://explorer.invalid/tx/${block[10]}`, 'where it is shown');
  await page.route('**/api/v1/luck', (route) => route.fulfill({ json: { luck_10: 1.234, luck_50: 0.5678, luck_250: null, blocks: 60 } }));
  await watched.visit(page, '#/');
  await watched.visit(page, '#/blocks');
  await page.waitForFunction(() => document.getElementById('luck-250').textContent === '–');
  watched.same(await page.locator('#luck-10').textContent(), '123 %', 'luck of ten blocks');
  watched.same(await page.locator('#luck-50').textContent(), '56.8 %', 'luck of fifty blocks');
  await ofTheBooks(watched, address);
}
