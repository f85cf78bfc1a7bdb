// A named account: nothing without its link; with it, what the link is for. The link's secret stays in the
// browser's address and in one header; the pool's pages keep it nowhere.

const absent = async (page, id) => page.locator(`#${id}`).isHidden();

export async function check(watched, { all, machines, money }) {
  watched.expected.push('401'); // the browser itself logs an answer that is none
  const page = await watched.visitor();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));

  await watched.visit(page, '#/account/farm');
  await page.locator('#account-message', { hasText: 'private' }).waitFor();
  watched.holds(await absent(page, 'account-panel'), 'a private account is shown to anybody');
  await watched.visit(page, `#/watch/${'0'.repeat(40)}`);
  await page.locator('#account-message', { hasText: 'not valid' }).waitFor();

  await watched.visit(page, `#/watch/${all}`);
  await page.locator('#account-panel:not([hidden])').waitFor();
  watched.same(await page.locator('#account-name').textContent(), 'farm', 'account');
  watched.same(await page.locator('#account-label').textContent(), 'the bank', 'for whom the link is');
  watched.holds(!(await absent(page, 'account-money')) && !(await absent(page, 'account-rates')), 'a link for all does not show all');
  await watched.shot(page, 'watcher');
  await page.getByText('hall-7').click();
  await page.locator('#worker-panel:not([hidden])').waitFor();
  watched.holds(page.url().endsWith(`/#/watch/${all}/hall-7`), `a worker of a watched account is at ${page.url()}`);

  const phone = await watched.visitor({ size: 'phone' });
  for (const [name, place] of [['watcher', `#/watch/${all}`], ['watcher-worker', `#/watch/${all}/hall-7`]]) {
    await watched.visit(phone, place);
    await phone.locator(name === 'watcher' ? '#account-panel:not([hidden])' : '#worker-panel:not([hidden])').waitFor();
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    watched.holds(wide <= 0, `${name}: wider than a phone by ${wide} px`);
    await watched.shot(phone, `${name}-phone`);
  }
  await phone.context().close();

  await watched.visit(page, `#/watch/${machines}`);
  await page.locator('#account-panel:not([hidden])').waitFor();
  watched.holds(await absent(page, 'account-money'), 'a link for the machines shows the money');
  await page.locator('#worker-table td.name', { hasText: 'hall-7' }).waitFor();

  await watched.visit(page, `#/watch/${money}`);
  await page.locator('#account-money:not([hidden])').waitFor();
  watched.holds(await absent(page, 'account-rates') && await absent(page, 'account-workers'), 'a link for the money shows the machines');

  await watched.visit(page, '#/blocks');
  watched.holds(!(await page.locator('#block-rows').textContent()).includes('farm'), 'the list of blocks names a private account');
  await watched.visit(page, '#/account');
  watched.holds(await absent(page, 'account-panel'), 'a watched account is remembered');

  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  for (const secret of [all, machines, money]) {
    watched.holds(!asked.some((url) => new URL(url).pathname.includes(secret) || new URL(url).search.includes(secret)), 'a secret went to the server in an address');
    watched.holds(!kept.includes(secret), 'a secret is kept by the browser');
  }
}
