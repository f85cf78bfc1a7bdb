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
      passed_over: [{ account: '<b>held</b>', available_sat: 200000, code: 'brand_new', reason: 'on hold', limit_sat: 0, about: '' }] } } });
  });
  await page.locator('#dryrun').click();
  await page.locator('#dryrun-rows tr').nth(1).waitFor();
  watched.same(asked.map((each) => each.method).join(), 'previewpayout', 'what is asked');
  watched.same(await cells('#dryrun-rows tr'), 'farm|bcrt1qfarm|1 234 567 sat|0 sat|', 'whom a payout would pay');
  watched.same(await cells('#dryrun-rows tr:nth-child(2)'), '<b>held</b>|–|200 000 sat|–|on hold', 'whom it would not pay');
  watched.holds((await page.locator('#dryrun-sum').textContent()).startsWith('paid: 1, in all 1\u202f234\u202f567 sat'), 'what it would come to');
  for (const [language, words] of Object.entries(wanted)) await inItsLanguage(watched, { admin, user, password }, language, words);
}

const wanted = {
  'en-GB': ['Node|no node has answered for two minutes', 'Node|does not answer, or is not ready yet · <b>north</b>http://10.0.0.5:8332/ refused the connection', 'MySQL|shares cannot be booked · <i>away</i>', 'brand|on fire', 'templates', 'below its minimum of 300 000 sat', '<b>bc1</b>: an address of the pool itself', 'This server pays nobody: payouts.wallet is not set in its configuration. / It cannot be told now: MySQL or the wallet’s node does not answer, or another server makes the payouts. / Whoever has logged in here may not ask this: another role may. / It cannot be told now · <b>new</b>'],
  ru: ['Узел|узлы не отвечают две минуты', 'Узел|не отвечает или ещё не готов · <b>north</b>http://10.0.0.5:8332/ refused the connection', 'MySQL|шары не записываются в книги · <i>away</i>', 'brand|on fire', 'шаблоны', 'меньше минимума: 300 000 sat', '<b>bc1</b>: адрес самого пула', 'Этот сервер никому не платит: в его настройках нет payouts.wallet. / Сейчас этого сказать нельзя: MySQL или узел кошелька не отвечает, или выплаты делает другой сервер. / Тому, кто вошёл здесь, об этом спрашивать нельзя: это может другая роль. / Сейчас этого сказать нельзя · <b>new</b>'],
  be: ['Вузел|вузлы не адказваюць дзве хвіліны', 'Вузел|не адказвае або яшчэ не гатовы · <b>north</b>http://10.0.0.5:8332/ refused the connection', 'MySQL|шары не запісваюцца ў кнігі · <i>away</i>', 'brand|on fire', 'шаблоны', 'менш за мінімум: 300 000 sat', '<b>bc1</b>: адрас самога пула', 'Гэты сервер нікому не плаціць: у яго наладах няма payouts.wallet. / Зараз гэтага сказаць нельга: MySQL або вузел кашалька не адказвае, або выплаты робіць іншы сервер. / Таму, хто ўвайшоў тут, пра гэта пытацца нельга: гэта можа іншая роля. / Зараз гэтага сказаць нельга · <b>new</b>'],
};

const ofPayouts = {
  'en-GB': 'Payouts|held · bob: <i>why</i> / Payouts|some cannot go on (zubr-cli listpayouts) · 3',
  ru: 'Выплаты|остановлены · bob: <i>why</i> / Выплаты|некоторые не могут продолжиться (zubr-cli listpayouts) · 3',
  be: 'Выплаты|спынены · bob: <i>why</i> / Выплаты|некаторыя не могуць працягнуцца (zubr-cli listpayouts) · 3',
};

/** What is wrong with the pool, and why somebody is not paid, in the words of the page's language. */
async function inItsLanguage(watched, { admin, user, password }, language, words) {
  const page = await watched.visitor({ language, httpCredentials: { username: user, password } });
  const part = (name, state, trouble, detail) => ({ name, ok: false, state, trouble, detail });
  let paying = false;
  await page.route(`${admin}/api/v1/operator`, async (route) => {
    const info = await (await route.fetch()).json();
    await route.fulfill({ json: { ...info, nodes: info.nodes.map((node) => ({ ...node, role: 'template' })), dependencies: [
      part('node', 'no answer for two minutes', 'node_silent', ''),
      part('node', 'http://10.0.0.5:8332/ refused the connection', 'node_away', '<b>north</b>'),
      part('mysql', '<i>away</i>', 'mysql_trouble', '<i>away</i>'),
      part('brand', 'on fire', 'brand_new', ''),
      ...(paying ? [
        part('payouts', 'held by bob: <i>why</i>', 'payouts_held', 'bob: <i>why</i>'),
        part('payouts', 'payouts that wait: 3 (listpayouts)', 'payouts_wait', '3')] : [])] } });
  });
  const over = (code, limit, about) => ({ account: 'a', available_sat: 1, code, reason: 'in English', limit_sat: limit, about });
  let answer = { result: { total_sat: 0, fee_max_sat: 1000, items: [], passed_over: [over('minimum', 300000, ''), over('address_own', 0, '<b>bc1</b>')] } };
  await page.route(`${admin}/`, (route) => (route.request().method() === 'POST' ? route.fulfill({ json: { jsonrpc: '2.0', id: 1, ...answer } }) : route.fallback()));
  await page.goto(`${admin}/#/operator`);
  const texts = async (rows, cells) => (await page.locator(rows).evaluateAll((all, wants) => all.map((row) => [...row.cells].filter((_, i) => wants.includes(i)).map((each) => each.textContent).join('|')), cells)).map((text) => text.replaceAll('\u202f', ' '));
  await page.locator('#part-rows tr').nth(3).waitFor();
  const sentence = page.locator('#part-rows td small');
  watched.same(await sentence.count(), 1, 'sentences that are not said twice');
  watched.same(await sentence.evaluate((each) => `${each.lang}: ${each.innerText}`), 'en: http://10.0.0.5:8332/ refused the connection', 'what the server itself said of it, for a reader of screens too');
  await page.locator('#dryrun').click();
  await page.locator('#dryrun-rows tr').nth(1).waitFor();
  const said = [...await texts('#part-rows tr', [0, 1]), ...await texts('#node-rows tr:first-child', [1]), ...await texts('#dryrun-rows tr', [4])];
  const refusal = async (code, message) => {
    answer = { error: { code, message } };
    await page.locator('#dryrun').click();
    await page.locator(`#dryrun-message[title="${message}"]`).waitFor();
    said.push(await page.locator('#dryrun-message').textContent());
  };
  await refusal(-26, 'this server pays nobody');
  paying = true;
  await page.locator('#part-rows tr').nth(5).waitFor();
  watched.same((await texts('#part-rows tr', [0, 1])).slice(4).join(' / '), ofPayouts[language], `why payouts do not leave, in ${language}`);
  await refusal(-28, 'another server makes the payouts now');
  await refusal(-2, 'a viewer may not');
  await refusal(-26, '<b>new</b>');
  watched.same(said.join(' / '), words.join(' / '), `what is wrong, in ${language}`);
}
