// The operator's page: on the admin port behind its login, and nowhere else.

export async function check(watched, { admin, user, password }) {
  watched.expected.push('404', '401'); // the browser itself logs an answer that is none
  const stranger = await watched.visitor();
  await watched.visit(stranger, '#/operator');
  await stranger.locator('#operator-message', { hasText: 'admin port' }).waitFor();
  watched.holds(await stranger.locator('#operator-panel').isHidden(), 'the public port shows the operator\'s page');
  const refused = await stranger.request.get(`${admin}/api/v1/operator`);
  watched.same(refused.status(), 401, 'the admin port without a login');

  const page = await watched.visitor({ httpCredentials: { username: user, password } });
  await page.goto(`${admin}/#/operator`);
  await page.locator('#operator-panel:not([hidden])').waitFor();
  watched.same(await page.locator('#loop-rows tr').count(), 4, 'loops: two of Stratum, one of the core, one of this page');
  watched.same(await page.locator('#operator-ledger').textContent(), '0 sat', 'the difference in the books');
  watched.holds(/^[\d.]+ ms, 99 %: /.test(await page.locator('#operator-redis').textContent()), 'how fast Redis is');
  watched.holds(/^[\d.]+ ms, 99 %: /.test(await page.locator('#operator-mysql').textContent()), 'how fast MySQL is');
  watched.same(await page.locator('#operator-bans').textContent(), '0', 'bans');
  const node = page.locator('#node-rows tr', { hasText: 'local' });
  await node.locator('td.good').waitFor();
  watched.holds(await page.locator('#part-rows td.bad').count() === 0, 'a part of the pool is said to be bad');
  watched.holds(await page.locator('nav [data-page="operator"]').isVisible(), 'the menu does not lead here');
  await page.locator('#status.good').waitFor();
  await watched.shot(page, 'operator');
}
