// What nodes said to a block, in the words of the page's language; what nobody has words for as the node said it.

const made = [
  ['local', 'accepted', ''],
  ['twin', 'duplicate', 'duplicate'],
  ['far', 'inconclusive', 'stale-prevblk'],
  ['old', 'rejected', 'bad-txnmrklroot'],
  ['odd', 'rejected', '<b>bad-brand-new</b>'],
].map(([node, outcome, reason]) => ({ node, outcome, reason, took_ms: 7, at_ms: 1700000000000 }));

const wanted = {
  'en-GB': ['accepted', 'known to it already', 'taken, but not on its best chain · another block was there before', 'refused · the merkle root does not fit the transactions', 'refused · <b>bad-brand-new</b>'],
  ru: ['принят', 'уже известен ему', 'взят, но не в лучшей цепочке · раньше появился другой блок', 'отклонён · корень Меркла не соответствует транзакциям', 'отклонён · <b>bad-brand-new</b>'],
  be: ['прыняты', 'ужо вядомы яму', 'узяты, але не ў найлепшым ланцугу · раней з’явіўся іншы блок', 'адхілены · корань Меркла не адпавядае транзакцыям', 'адхілены · <b>bad-brand-new</b>'],
};

export async function check(watched) {
  for (const [language, words] of Object.entries(wanted)) {
    const page = await watched.visitor({ language });
    await page.route(/\/api\/v1\/blocks\/[0-9a-f]{64}$/, async (route) => {
      const block = await (await route.fetch()).json();
      await route.fulfill({ json: { ...block, answers: made } });
    });
    await watched.visit(page, '#/blocks');
    await page.locator('#block-rows button').first().click();
    await page.locator('#block-rows td.answers li').nth(made.length - 1).waitFor();
    const said = await page.locator('#block-rows td.answers li').allTextContents();
    const parts = said.map((each) => each.split(' · ').slice(1, -1).join(' · '));
    watched.same(parts.join(' | '), words.join(' | '), `what nodes said, in ${language}`);
  }
}
