// The first page: how to connect, also by a phone's camera; by what terms; the next change of difficulty; and a chart that
// knows where blocks were found.

import jsQR from 'jsqr';

/** What a reader makes of the picture as it stands on the page. */
async function readCode(page) {
  const { data, side } = await page.locator('#connect-qr').evaluate((picture) => {
    const length = 320;
    const canvas = Object.assign(document.createElement('canvas'), { width: length, height: length });
    const context = canvas.getContext('2d');
    context.drawImage(picture, 0, 0, length, length);
    return { data: [...context.getImageData(0, 0, length, length).data], side: length };
  });
  return jsQR(Uint8ClampedArray.from(data), side, side)?.data;
}

export async function check(watched) {
  for (const [language, locale, never] of [['en', 'en-GB', 'never on this chain'], ['ru', 'ru-RU', 'в этой сети не меняется'], ['be', 'be-BY', 'у гэтай сетцы не мяняецца']]) {
    const page = await watched.visitor({ language: locale });
    await watched.visit(page);
    await page.locator('#terms:not([hidden])').waitFor();
    watched.same(await page.locator('#terms-fee').textContent(), '1 %', `${language}: fee`);
    watched.same(await page.locator('#terms-scheme').textContent(), 'PPLNS-SU/1', `${language}: scheme`);
    watched.holds(/ 2 /.test(await page.locator('#terms-window').textContent()), `${language}: window`);
    watched.same((await page.locator('#terms-minimum').textContent()).replace(/\s/gu, ''), '100000sat', `${language}: minimum`);
    watched.same(await page.locator('#retarget').textContent(), never, `${language}: next change of difficulty`);
    const url = await page.locator('#stratum-url').textContent();
    watched.holds(await page.locator('#connect-qr').evaluate((picture) => picture.decode().then(() => true)), `${language}: the code is drawn`);
    watched.same(await readCode(page), url, `${language}: the code`);
    watched.holds((await page.locator('#connect-qr').getAttribute('alt')).includes(url), `${language}: the code has a name`);
    await page.context().close();
  }

  const phone = await watched.visitor({ size: 'phone' });
  await watched.visit(phone);
  await phone.locator('#connect-qr:not([hidden])').waitFor();
  const tall = (await phone.locator('#stratum-url').boundingBox()).height;
  watched.holds(tall < 60, `the URL is squeezed into ${tall} px by the code beside it`);

  const plain = await watched.visitor();
  await plain.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined })); // as by http from another machine
  await watched.visit(plain);
  await plain.locator('[data-copy=stratum-url]').click();
  await plain.locator('[data-copy=stratum-url]', { hasText: 'Copied' }).waitFor();
  await plain.locator('#account').focus();
  await plain.keyboard.press('Control+V');
  watched.same(await plain.locator('#account').inputValue(), await plain.locator('#stratum-url').textContent(), 'what was copied');

  const page = await watched.visitor();
  await watched.visit(page);
  const round = await page.evaluate(() => [document.getElementById('round').textContent, document.getElementById('round-bar').value]);
  const told = Number.parseFloat(round[0]) / 100;
  watched.holds(Math.abs(Math.min(told, 2) - round[1]) <= 0.006, `the bar of the effort stands at ${round[1]}, the effort is ${round[0]}`);
  const newestOnly = '**/api/v1/blocks?limit=1';
  await page.route(newestOnly, (route) => route.fulfill({ json: [{ found_at: 1790000000, effort: 0.25 }] }));
  await page.locator('#last-luck', { hasText: /^400 %$/ }).waitFor();
  await page.unroute(newestOnly);
  const marks = page.locator('#pool-chart svg line.block');
  await marks.first().waitFor({ state: 'attached' });
  // Seen at one moment, and before the newest height is asked for: the miners find blocks meanwhile.
  const chart = await page.locator('#pool-chart svg').evaluate((svg) => ({
    label: svg.ariaLabel,
    titles: [...svg.querySelectorAll('line.block title')].map((title) => title.textContent),
  }));
  const newest = await page.evaluate(async () => (await (await fetch('/api/v1/blocks?limit=1')).json())[0].height);
  const shown = chart.titles.length;
  watched.holds(shown > 0 && shown <= Math.min(newest, 100), `${shown} marks, height ${newest}`);
  watched.holds(chart.label.includes(`blocks found: ${shown}`), 'the chart says how many blocks it marks');
  const heights = chart.titles.map((text) => Number(/^Block (\d+), /.exec(text)?.[1]));
  // Two of ours may stand at one height until the nodes have chosen.
  watched.holds(heights.every((height) => height > 0 && height <= newest), `the marks are of blocks: ${heights}`);
  await watched.shot(page, 'home-marks');
}
