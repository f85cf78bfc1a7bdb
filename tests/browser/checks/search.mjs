// The search box: an address that mines, one that does not, and what is none; the known one is remembered.

export async function check(watched, { address }) {
  const page = await watched.visitor();
  watched.expected.push('404', '401'); // the browser itself logs an answer that is none
  await watched.visit(page);

  await page.getByLabel('Bitcoin address or account name').fill(`  ${address} `);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.locator('#account-panel:not([hidden])').waitFor();
  watched.same(await page.locator('#account-name').textContent(), address, 'account');
  watched.same(await page.title(), `${address} – Zubr`, 'title');
  await page.locator('#worker-table tbody td.name', { hasText: 'rig-1' }).waitFor();

  for (const unknown of ['bcrt1q6rhpng9evdsfnn833a4f4vej0asu6dk5srld6x', 'nobody', '<script>alert(1)</script>', '../../etc/passwd', '%', '']) {
    await page.goto(`${watched.given.web}/#/account/${encodeURIComponent(unknown)}`);
    if (unknown === '') continue; // leads to the remembered one, below
    await page.locator('#account-message:not([hidden])', { hasText: /Nothing is known|private/ }).waitFor();
    watched.holds(await page.locator('#account-panel').isHidden(), `${unknown}: figures of another account are left standing`);
  }
  await page.locator('#account-panel:not([hidden])').waitFor();
  watched.same(await page.locator('#account-name').textContent(), address, 'the account that is remembered');

  await page.getByText('rig-1').click();
  await page.locator('#worker-panel:not([hidden])').waitFor();
  watched.same(await page.locator('#worker-name').textContent(), 'rig-1', 'worker');
  await page.locator('#worker-state.good').waitFor();
  await page.locator('#worker-chart svg polyline.line').first().waitFor();
  await page.goBack();
  await page.locator('#account-panel:not([hidden])').waitFor();
}
