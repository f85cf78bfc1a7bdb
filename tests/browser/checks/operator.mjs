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
  watched.holds(/^[\d.]+ ms, 99\s%: /.test(await page.locator('#operator-redis').textContent()), 'how fast Redis is');
  watched.holds(/^[\d.]+ ms, 99\s%: /.test(await page.locator('#operator-mysql').textContent()), 'how fast MySQL is');
  watched.same(await page.locator('#operator-bans').textContent(), '1', 'bans');
  const cells = (rows) => page.locator(rows).first().locator('td').allTextContents().then((all) => all.map((text) => text.replaceAll('\u202f', ' ')).join('|'));
  watched.same(await cells('#ban-rows tr'), '192.0.2.0/24|in 24 h', 'who is banned');
  const node = page.locator('#node-rows tr', { hasText: 'local' });
  await node.locator('td.good').waitFor();
  watched.holds(/^[\d.\u202f]+ ms$/.test(await node.locator('td').nth(3).textContent()), 'the age of a node\'s template');
  watched.holds(await page.locator('#part-rows td.bad').count() === 0, 'a part of the pool is said to be bad');
  watched.holds(await page.locator('nav [data-page="operator"]').isVisible(), 'the menu does not lead here');
  await page.locator('#status.good').waitFor();

  // Nobody has reached the smallest payout yet: that is told; whom one would pay is made up.
  await page.locator('#dryrun').click();
  await page.locator('#dryrun-rows tr, #dryrun-message:not([hidden])').first().waitFor();
  watched.holds((await page.locator('#dryrun-message').textContent()) !== 'the pool does not answer; trying again', 'the payout that is only asked for is refused');
  await watched.shot(page, 'operator');
  const asked = [];
  await page.route(`${admin}/`, (route) => {
    asked.push(route.request().postDataJSON());
    return route.fulfill({ json: { jsonrpc: '2.0', id: 1, result: {
      total_sat: 1234567, fee_max_sat: 1000, items: [{ account: 'farm', address: 'bcrt1qfarm', amount_sat: 1234567, fee_share_sat: 0 }],
      passed_over: [{ account: '<b>held</b>', available_sat: 200000, reason: 'on hold' }] } } });
  });
  await page.locator('#dryrun').click();
  await page.locator('#dryrun-rows tr').nth(1).waitFor();
  watched.same(asked.map((each) => each.method).join(), 'previewpayout', 'what is asked');
  watched.same(await cells('#dryrun-rows tr'), 'farm|bcrt1qfarm|1 234 567 sat|0 sat|', 'whom a payout would pay');
  watched.same(await cells('#dryrun-rows tr:nth-child(2)'), '<b>held</b>|–|200 000 sat|–|on hold', 'whom it would not pay');
  watched.holds((await page.locator('#dryrun-sum').textContent()).startsWith('paid: 1, in all 1\u202f234\u202f567 sat'), 'what it would come to');
}
