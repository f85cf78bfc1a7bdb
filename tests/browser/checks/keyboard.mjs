// Everything is reached and done without a mouse.

export async function check(watched, { address }) {
  const page = await watched.visitor();
  await watched.visit(page);
  await page.keyboard.press('Tab');
  watched.same(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content', 'the first stop');
  await page.keyboard.press('Enter');
  watched.same(await page.evaluate(() => document.activeElement.id), 'main', 'where it leads');

  await page.locator('#account').focus();
  await page.keyboard.type(address);
  await page.keyboard.press('Enter');
  await page.locator('#account-panel:not([hidden])').waitFor();

  await page.locator('#user-chart svg polyline.line').first().waitFor(); // it is drawn after the figures
  await page.locator('#user-chart svg').focus();
  const before = await page.locator('#user-chart output').textContent();
  await page.keyboard.press('ArrowLeft');
  watched.holds((await page.locator('#user-chart output').textContent()) !== before, 'the arrow key reads nothing off the chart');

  const heading = page.locator('#worker-table th button', { hasText: 'Name' });
  await heading.focus();
  await page.keyboard.press('Enter');
  watched.same(await page.locator('#worker-table th[aria-sort]').getAttribute('aria-sort'), 'ascending', 'sorted by name');
  watched.same(await page.evaluate(() => document.activeElement.textContent), 'Name ▴', 'the focus after sorting');
  await page.locator('#worker-filter').focus();
  await page.keyboard.type('no such worker');
  watched.holds((await page.locator('#worker-count').textContent()).startsWith('0 of '), 'the filter leaves workers that it should not');

  for (const summary of ['#earnings summary', '#paid summary']) {
    await page.locator(summary).focus();
    await page.keyboard.press('Enter');
  }
  await page.locator('#earning-rows tr, #earning-message:not([hidden])').first().waitFor();
  await page.locator('#paid-message:not([hidden])').waitFor();

  // Where the focus is can be seen: an outline, on every stop of the page.
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  watched.holds(outline !== 'none', 'the focus is not to be seen');
}
