// An account of thousands of workers: one page, of which only the rows in sight are in the document.

/** Notes on the page itself when a row of the table has been painted: a frame that begins with it in the document has ended. */
function noteTheFirstRow() {
  new MutationObserver((changes, observer) => {
    if (!document.querySelector('#worker-table tbody td.name')?.checkVisibility()) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('first-row')));
  }).observe(document, { subtree: true, childList: true, attributes: true });
}

/** Opens the page as somebody who was never here; milliseconds since he asked for it, and the page. */
async function visit(watched, address) {
  const page = await watched.visitor();
  await page.addInitScript(noteTheFirstRow);
  await page.goto(`${watched.given.web}/#/account/${address}`);
  await page.waitForFunction(() => performance.getEntriesByName('first-row').length > 0, null, { timeout: 60000 });
  const seen = await page.evaluate(() => {
    const pages = performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/workers?'));
    return {
      paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      row: performance.getEntriesByName('first-row')[0].startTime,
      asked: pages.at(-1).responseEnd - pages[0].requestStart,
      bytes: pages.reduce((sum, each) => sum + each.transferSize, 0),
    };
  });
  return { page, ...seen };
}

/** Waits until the list that pages read has all of them: on a busy machine it is put together later than they are counted. */
async function listed(watched, address, workers) {
  for (const until = Date.now() + 60000; Date.now() < until;) {
    const answer = await fetch(`${watched.given.web}/api/v1/users/${address}/workers?limit=1`);
    if (answer.ok && (await answer.json()).total === Number(workers)) return;
    await new Promise((wake) => { setTimeout(wake, 500); });
  }
}

export async function check(watched, { address, workers, row_ms_max: most }) {
  await listed(watched, address, workers);
  const visits = [];
  for (let turn = 0; turn < 3; turn += 1) visits.push(await visit(watched, address));
  const { page, paint, row, asked, bytes } = visits.sort((a, b) => a.row - b.row)[1];
  console.log(`measured: ${workers} workers: first row on screen after ${Math.round(row)} ms (at most ${most}; of three visits the median: ${visits.map((each) => Math.round(each.row)).join(', ')}), the empty page after ${Math.round(paint)} ms, their ${Math.round(bytes / 1024)} KiB in ${Math.round(asked)} ms`);
  watched.holds(row <= Number(most), `the first row is on screen after ${Math.round(row)} ms, at most ${most} are wanted`);

  const counter = page.locator('#worker-count');
  watched.holds((await counter.textContent()).replace(/\D/g, '').startsWith(workers + workers), `the table counts ${await counter.textContent()}`);
  const rows = await page.locator('#worker-table tbody tr').count();
  watched.holds(rows < 200, `${rows} rows are in the document`);

  await page.locator('#worker-scroll').evaluate((scroll) => { scroll.scrollTop = scroll.scrollHeight; });
  const heading = page.locator('#worker-table th button', { hasText: 'Name' });
  await heading.click();
  await heading.click(); // downwards
  await page.locator('#worker-scroll').evaluate((scroll) => { scroll.scrollTop = 0; });
  await page.locator('#worker-table td.name', { hasText: 'w9999' }).waitFor();
  await page.locator('#worker-filter').fill('w1234');
  await page.waitForFunction(() => document.querySelectorAll('#worker-table tbody tr:not(.space)').length === 1);
  watched.same(await page.locator('#worker-table tbody td.name').first().textContent(), 'w1234', 'the worker that is looked for');
  await watched.shot(page, 'crowd');

  const download = page.waitForEvent('download');
  await page.locator('#worker-filter').fill('');
  await page.locator('#worker-csv').click();
  watched.same((await download).suggestedFilename(), 'workers.csv', 'the file of the table');
}
