// Long lists: the newest rows first, older ones by a button until there are no more, and all of them in a file. The pool of
// the tests is too young for long lists, so these are made up and handed out in pages as the API does.

import { readFile } from 'node:fs/promises';

const hex = (number) => number.toString(16).padStart(64, '0');
const at = 1790000000;

/** Two of them at one height, where the first page ends. */
const blocks = Array.from({ length: 250 }, (_, index) => ({
  height: 1000 - index + (index >= 20 ? 1 : 0), hash: hex(index), state: 'mature', found_at: at - index, finder: '', worker: '', reward_sat: 5000000000, fees_sat: 0, coinbase_txid: null, confirmations: 200, effort: 0.25,
}));
const payouts = Array.from({ length: 130 }, (_, index) => ({
  payout: 130 - index, state: 'confirmed', at: at - index, txid: hex(index), amount_sat: 1000, fee_sat: 1, recipients: 1, address: `address ${index % 2}`,
}));
const earnings = blocks.map((block) => ({ height: block.height, hash: block.hash, state: 'mature', found_at: block.found_at, gross_sat: 100, fee_sat: 1, net_sat: 99 }));

/** As the API cuts a list: the cursor is the place of the next row. */
function handOut(rows, what, most, usual) {
  return (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const limit = Number(asked.get('limit') ?? usual);
    if (limit > most || asked.get('cursor') === '') return route.fulfill({ status: 400, json: { error: 'bad_query' } });
    const from = Number(asked.get('cursor') || 0);
    const next = from + limit < rows.length ? String(from + limit) : null;
    return route.fulfill({ json: { [what]: rows.slice(from, from + limit), next } });
  };
}

function handOutBlocks(route) {
  const asked = new URL(route.request().url()).searchParams;
  const [, last] = (asked.get('cursor') ?? '').split(':');
  const from = last === undefined ? 0 : 1 + blocks.findIndex((block) => block.hash === last);
  return route.fulfill({ json: blocks.slice(from, from + Number(asked.get('limit') ?? 20)) });
}

/** Presses the button until it is gone; the number of rows then. */
async function toTheEnd(watched, page, { rows, button, wanted }) {
  const count = () => page.locator(rows).count();
  await page.locator(rows).first().waitFor();
  for (let before = await count(); await page.locator(button).isVisible() && before < wanted;) {
    await page.locator(button).click();
    await page.waitForFunction(([selector, least]) => document.querySelectorAll(selector).length > least, [rows, before]);
    before = await count();
  }
  watched.same(await count(), wanted, `${rows}: rows after the last page`);
  watched.holds(await page.locator(button).isHidden(), `${button} offers more than there is`);
}

async function downloaded(page, button) {
  const download = page.waitForEvent('download');
  await page.locator(button).click();
  return (await readFile(await (await download).path(), 'utf8')).trimEnd().split('\r\n');
}

export async function check(watched, { address }) {
  const page = await watched.visitor();
  await page.route('**/api/v1/blocks?*', handOutBlocks);
  await page.route('**/api/v1/payouts?*', handOut(payouts, 'payouts', 100, 20));
  await page.route('**/api/v1/users/*/earnings?*', handOut(earnings, 'earnings', 1000, 50));
  await page.route('**/api/v1/users/*/payouts?*', handOut(payouts, 'payouts', 1000, 50));

  await watched.visit(page, '#/blocks');
  await toTheEnd(watched, page, { rows: '#block-rows tr', button: '#blocks-more', wanted: blocks.length });
  await page.waitForResponse((response) => response.url().includes('/api/v1/blocks?')); // the page is read anew
  await page.locator('#status.good').waitFor();
  watched.same(await page.locator('#block-rows tr').count(), blocks.length, 'blocks after the next reading');

  await watched.visit(page, '#/payouts');
  await toTheEnd(watched, page, { rows: '#payout-rows tr', button: '#payouts-more', wanted: payouts.length });
  const file = await downloaded(page, '#payouts-csv');
  watched.same(file[0], 'payout,time,state,recipients,amount_sat,fee_sat,txid,confirmations', 'the file of payouts begins with');
  watched.same(file.length, payouts.length + 1, 'lines of the file of payouts');

  await watched.visit(page, `#/account/${address}`);
  await page.locator('#account-panel:not([hidden])').waitFor();
  await page.locator('#earnings summary').click();
  await toTheEnd(watched, page, { rows: '#earning-rows tr', button: '#earnings-more', wanted: earnings.length });
  await page.locator('#paid summary').click();
  await toTheEnd(watched, page, { rows: '#paid-rows tr', button: '#paid-more', wanted: payouts.length });
  watched.same((await downloaded(page, '#earning-csv')).length, earnings.length + 1, 'lines of the file of earnings');
}
