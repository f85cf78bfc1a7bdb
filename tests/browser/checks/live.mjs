// Figures move while the page stays open: by themselves, and in every table.

const number = async (page, id) => Number((await page.locator(`#${id}`).textContent()).replace(/\D/g, ''));

/** Waits until the number of an element is above `than`. */
async function grows(page, id, than) {
  await page.waitForFunction(([name, least]) => Number(document.getElementById(name).textContent.replace(/\D/g, '')) > least, [id, than]);
}

export async function check(watched, { address }) {
  const page = await watched.visitor();
  const streams = [];
  page.on('response', (response) => {
    if (response.url().endsWith('/events')) streams.push(`${response.status()} ${response.headers()['content-type']} ${new URL(response.url()).pathname}`);
  });
  // From here on every reading of the pool brings the same figures: what moves, the stream has told.
  const first = await (await page.request.get(`${watched.given.web}/api/v1/pool`)).json();
  await page.route('**/api/v1/pool', (route) => route.fulfill({ json: first }));
  await watched.visit(page);
  const [blocks, height] = [await number(page, 'blocks-found'), await number(page, 'height')];
  await grows(page, 'blocks-found', blocks);
  await grows(page, 'height', height);
  watched.same(streams.join(', '), '200 text/event-stream /api/v1/events', 'streams of events');
  await page.unroute('**/api/v1/pool');

  // So does an account's page, which hears of the pool and of itself by one stream.
  const user = `/api/v1/users/${address}`;
  const then = await (await page.request.get(watched.given.web + user)).json();
  await page.route(`**${user}`, (route) => route.fulfill({ json: then }));
  await watched.visit(page, `#/account/${address}`);
  await page.locator('#account-panel:not([hidden])').waitFor();
  await grows(page, 'user-shares', await number(page, 'user-shares'));
  watched.same(streams.join(', '), `200 text/event-stream /api/v1/events, 200 text/event-stream ${user}/events`, 'streams of events');
  watched.same(/\d/.test(await page.locator('#user-last').textContent()), true, 'the last share has a time');
  await page.unroute(`**${user}`);

  await watched.visit(page, '#/blocks');
  const newest = await page.locator('#block-rows tr').first().locator('td').nth(1).textContent();
  await page.waitForFunction((old) => document.querySelector('#block-rows td:nth-child(2)').textContent !== old, newest);
  const button = page.locator('#block-rows button').first();
  await button.click();
  await page.locator('#block-rows td.answers li', { hasText: 'local · accepted' }).waitFor();
  watched.same(streams.length, 3, 'each page has one stream, and it stays open');
}
