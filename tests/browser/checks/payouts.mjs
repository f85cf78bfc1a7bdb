// What was paid: the pool's list names nobody, the account's own says where to.

const cells = (page, row) => page.locator(row).first().locator('td').allTextContents();
const plain = (text) => text.replaceAll('\u202f', ' ');

export async function check(watched, { all, paid }) {
  const page = await watched.visitor();
  await watched.visit(page, '#/payouts');
  await page.locator('#payout-rows tr').nth(1).waitFor();
  const [number, , state, recipients, amount, fee, txid] = (await cells(page, '#payout-rows tr')).map(plain);
  watched.same([number, state, recipients, amount, fee].join('|'), '2|sent|1|1 234 567 sat|141 sat', 'the newest payout');
  watched.same(txid, 'cd'.repeat(32), 'its transaction');
  const there = page.locator('#payout-rows a');
  watched.same(await there.count(), 1, 'transactions that can be looked at');
  watched.same(await there.getAttribute('href'), `https://explorer.invalid/tx/${'cd'.repeat(32)}`, 'where');
  watched.holds((await there.getAttribute('rel')).includes('noreferrer'), 'the explorer is told where its visitor comes from');
  const older = (await page.locator('#payout-rows tr').nth(1).locator('td').allTextContents()).map(plain);
  watched.same([older[2], older[6]].join('|'), 'approved|–', 'one that is not sent yet');
  watched.holds(!(await page.locator('#page-payouts').textContent()).includes(paid), 'the pool\'s list says where to');
  await watched.shot(page, 'payouts-paid');

  const some = [[0, 'sent'], [6, 'sent · 6'], [100, 'confirmed · 100+']];
  const row = { at: 1790000000, recipients: 1, amount_sat: 1, fee_sat: 1, txid: null };
  await page.route('**/api/v1/payouts?*', (route) => route.fulfill({ json: { next: null, payouts: some.map(([confirmations, said], payout) => ({ ...row, payout, confirmations, state: said.startsWith('sent') ? 'broadcast' : 'confirmed' })) } }));
  await page.locator('#payout-rows tr').nth(2).waitFor();
  const said = await page.locator('#payout-rows td:nth-child(3)').allTextContents();
  watched.same(said.join('|'), some.map(([, words]) => words).join('|'), 'how deep payouts are');
  await page.unroute('**/api/v1/payouts?*');

  await watched.visit(page, `#/watch/${all}`);
  await page.locator('#paid summary').click();
  await page.locator('#paid-rows tr').first().waitFor();
  const own = (await cells(page, '#paid-rows tr')).map(plain);
  watched.same([own[1], own[2], own[3], own[4], own[5]].join('|'), `sent|1 234 567 sat|0 sat|${paid}|${'cd'.repeat(32)}`, 'what the account was paid');
  watched.holds(/^in \d+ |^when the operator/.test(await page.locator('#next-payout').textContent()), 'when the next payout is');
}
