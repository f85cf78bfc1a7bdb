// An account of thousands of workers: one page, of which only the rows in sight are in the document.

export async function check(watched, { address, workers }) {
  const page = await watched.visitor();
  await watched.visit(page);
  await page.goto('about:blank');
  const began = performance.now();
  await page.goto(`${watched.given.web}/#/account/${address}`);
  await page.locator('#worker-table tbody td.name').first().waitFor();
  const { first, asked, bytes } = await page.evaluate(() => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    const pages = performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/workers?'));
    return {
      first: paint.startTime,
      asked: pages.at(-1).responseEnd - pages[0].requestStart,
      bytes: pages.reduce((sum, page) => sum + page.transferSize, 0),
    };
  });
  console.log(`pages: ${workers} workers: first paint ${Math.round(first)} ms, their ${Math.round(bytes / 1024)} KiB in ${Math.round(asked)} ms, its table filled after ${Math.round(performance.now() - began)} ms`);

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
