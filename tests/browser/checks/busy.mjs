// A pool that refuses for a moment (too many questions, a store that is away): what was shown stays, and says since when.

const accounts = '**/api/v1/users/**';

export async function check(watched, { address }) {
  watched.expected.push('503', '429'); // the browser itself logs an answer that is none, and so does the page
  for (const [name, place] of [['account', `#/account/${address}`], ['worker', `#/account/${address}/rig-1`]]) {
    for (const status of [429, 503]) {
      const page = await watched.visitor();
      await watched.visit(page, place);
      await page.locator(`#${name}-panel:not([hidden])`).waitFor();
      await page.route(accounts, (route) => route.fulfill({ status, json: { error: 'busy' } }));
      // Either it says that these figures are old, or it took them away: both come with the same reading.
      await page.locator(`#status.bad, #${name}-panel[hidden]`).first().waitFor({ state: 'attached' });
      watched.holds(await page.locator(`#${name}-panel`).isVisible(), `${status} once, and the figures of the ${name} are gone`);
      watched.holds(/^no answer since /.test(await page.locator('#status').textContent()), `${status}: the figures of the ${name} are said to be live`);
      await page.unroute(accounts);
      await page.locator('#status.good').waitFor();
      await page.context().close();
    }
  }
}
