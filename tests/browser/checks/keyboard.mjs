// Everything is reached and done without a mouse.

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
const onHeading = (page, name) => page.evaluate((of) => document.activeElement === document.querySelector(`#page-${of} h2`), name);

/** The way past the menu leaves the page what it is: its address, its figures, its account when the language changes. */
async function pastTheMenu(watched, address) {
  const page = await watched.visitor();
  const place = `#/account/${address}`;
  await watched.visit(page, place);
  await page.locator('#account-panel:not([hidden])').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  watched.same(await focused(page), 'main', 'where the way past the menu of an account leads');
  watched.same(await page.evaluate(() => location.hash), place, 'the address behind it');
  const before = Number((await page.locator('#user-shares').textContent()).replace(/\D/g, ''));
  await page.waitForFunction((least) => Number(document.getElementById('user-shares').textContent.replace(/\D/g, '')) > least, before);
  await page.locator('#language').selectOption('ru');
  await page.waitForFunction(() => document.documentElement.lang === 'ru');
  watched.holds(await page.locator('#account-panel').isVisible(), 'another language is another page');
  await page.context().close();
}

/** Who turns to a page begins at its name, and who stands on a link of a table stays there while its rows are made anew. */
async function theFocus(watched, address) {
  const page = await watched.visitor();
  await watched.visit(page, `#/account/${address}`);
  const worker = page.locator('#worker-table tbody a', { hasText: 'rig-1' });
  await worker.waitFor();
  watched.same(await page.evaluate(() => document.activeElement.tagName), 'BODY', 'the focus before anybody asked for anything');
  await worker.focus();
  await page.evaluate(() => { globalThis.old = document.activeElement; });
  await page.waitForFunction(() => !globalThis.old.isConnected);
  watched.same(await focused(page), 'rig-1', 'the focus once the rows are new ones');
  await worker.focus();
  await page.keyboard.press('Enter');
  await page.locator('#worker-panel:not([hidden])').waitFor();
  watched.holds(await onHeading(page, 'worker'), `the focus on a worker's page is on ${await focused(page)}`);
  await page.keyboard.press('Tab');
  watched.same(await focused(page), 'worker-back', 'the next stop');
  await page.goBack();
  await page.locator('#account-panel:not([hidden])').waitFor();
  watched.holds(await onHeading(page, 'account'), `the focus on the way back is on ${await focused(page)}`);
  await page.locator('nav [data-page="blocks"]').focus();
  await page.keyboard.press('Enter');
  await page.locator('#block-rows button').first().waitFor();
  watched.holds(await onHeading(page, 'blocks'), `the focus on the page of blocks is on ${await focused(page)}`);
  await page.context().close();
}

/** What figures and columns mean: by a key on a desk, by a finger on a phone, as a list for who hears the page. */
async function explanations(watched) {
  const desk = await watched.visitor();
  await watched.visit(desk, '#/blocks');
  await desk.locator('#block-rows tr').first().waitFor();
  const summaries = desk.locator('#page-blocks .hints summary');
  watched.same((await summaries.allTextContents()).join(), 'What these figures mean,What these columns mean', 'explanations of the page of blocks');
  await summaries.nth(1).focus();
  await desk.keyboard.press('Enter');
  const effort = desk.getByRole('definition').filter({ hasText: 'Work since the block before' });
  await effort.waitFor();
  watched.same(await effort.evaluate((each) => each.previousSibling.textContent), 'Effort', 'what it explains');
  watched.same(await desk.getByRole('term').filter({ hasText: 'Reward, Of it fees' }).count(), 1, 'columns of one explanation');
  await desk.locator('#language').selectOption('ru');
  await desk.getByRole('definition').filter({ hasText: 'Работа от предыдущего блока' }).waitFor();
  await desk.context().close();

  const phone = await watched.visitor({ size: 'phone', hasTouch: true, isMobile: true });
  await watched.visit(phone);
  await phone.locator('#page-home .hints summary').tap();
  await phone.getByRole('definition').filter({ hasText: 'Machines with an accepted share' }).waitFor();
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  watched.holds(wide <= 0, `the explanations are wider than a phone by ${wide} px`);
  await watched.shot(phone, 'hints-phone');
  await phone.context().close();
}

export async function check(watched, { address }) {
  await explanations(watched);
  await pastTheMenu(watched, address);
  await theFocus(watched, address);
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
