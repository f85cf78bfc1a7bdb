// Every page, at every size, in every language, dark and light: it fills in, fits, and names what it shows.

const languages = { en: 'en-GB', be: 'be-BY', ru: 'ru-RU' };
const ranges = {
  en: '6 h,24 h,48 h,7 d,30 d,1 year,2 years',
  be: '6 г,24 г,48 г,7 дз,30 дз,1 год,2 гады',
  ru: '6 ч,24 ч,48 ч,7 дн,30 дн,1 год,2 года',
};
const footers = { en: 'API,Health,Metrics', be: 'API,Стан сервера,Метрыкі', ru: 'API,Состояние сервера,Метрики' };

/** A key that has no words stands on the page as it is: "nav.home". */
async function untranslated(page) {
  return page.evaluate(() => [...document.querySelectorAll('[data-t]')]
    .filter((node) => node.textContent === node.dataset.t && node.dataset.t.includes('.')).map((node) => node.dataset.t));
}

/** Buttons, fields, pictures and tables that a screen reader could not name. */
async function nameless(page) {
  return page.evaluate(() => [...document.querySelectorAll('button, input, select, a, svg[role=img], [role=region]')]
    .filter((node) => node.checkVisibility())
    .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length || node.getAttribute('aria-labelledby')))
    .map((node) => node.outerHTML.slice(0, 80)));
}

/** Figures and columns that explain themselves to nobody, or to mice alone: with a title and without the text that opens. */
async function unexplained(page) {
  return page.evaluate(() => [...document.querySelectorAll('.tile, th[data-hint]')].filter((node) => node.checkVisibility()).filter((node) => {
    const texts = [...node.closest('section').querySelectorAll('.hints')].filter((each) => each.checkVisibility())
      .flatMap((each) => [...each.querySelectorAll('dd')]).map((each) => each.textContent);
    return node.title === '' || node.title === node.dataset.hint || !texts.includes(node.title);
  }).map((node) => node.textContent.trim().slice(0, 40)));
}

/** Who runs no script is told so, in each language: nobody knows which is his. */
async function withoutScript(watched) {
  const page = await watched.visitor({ javaScriptEnabled: false });
  await page.goto(`${watched.given.web}/`);
  const said = await page.locator('noscript').innerText();
  for (const word of ['by script', 'скрыпт', 'скрипт', '/api/v1/pool']) watched.holds(said.includes(word), `without script: no ${word} in ${said}`);
  await page.context().close();
}

export async function check(watched, { address, user, password }) {
  await withoutScript(watched);
  const places = { home: '#/', account: `#/account/${address}`, worker: `#/account/${address}/rig-1`, blocks: '#/blocks', payouts: '#/payouts', operator: '#/operator' };
  const panels = { account: '#account-panel', worker: '#worker-panel', operator: '#operator-panel' };
  for (const [size, dark] of [['phone', true], ['desk', false], ['wall', true]]) {
    for (const [language, locale] of Object.entries(languages)) {
      const page = await watched.visitor({ size, dark, language: locale, httpCredentials: { username: user, password, origin: watched.given.admin } });
      for (const [name, place] of Object.entries(places)) {
        const where = `${name}, ${size}, ${language}`;
        await watched.visit(page, place, name === 'operator' ? watched.given.admin : watched.given.web);
        await page.locator(`body[data-shown="${name}"]`).waitFor();
        if (panels[name]) await page.locator(`${panels[name]}:not([hidden])`).waitFor();
        watched.same(await page.evaluate(() => document.documentElement.lang), language, `${where}: language`);
        watched.same((await untranslated(page)).join(), '', `${where}: words missing`);
        watched.same((await page.locator('footer a').allTextContents()).join(), footers[language], `${where}: below the page`);
        if (name === 'home') watched.same((await page.locator('#pool-chart option').allTextContents()).join(), ranges[language], `${where}: ranges of the chart`);
        watched.same((await unexplained(page)).join(), '', `${where}: without an explanation`);
        watched.same((await nameless(page)).join(), '', `${where}: without a name`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        watched.holds(wide <= 0, `${where}: wider than the screen by ${wide} px`);
        if (language === 'en' || size === 'desk') await watched.shot(page, `${name}-${size}-${language}`);
      }
      if (language === 'en' && size === 'desk') {
        await watched.visit(page, places.home);
        watched.holds(/^stratum2\+tcp:\/\/[^/]+:\d+\/9[0-9A-Za-z]+$/.test(await page.locator('#v2-url').textContent()), 'v2 miners are told whom to trust');
        watched.holds(await page.locator('#connect-tls').isHidden(), 'TLS is offered and there is none');
      }
      await page.context().close();
    }
  }
}
