// A miner whose name, software and worker are attacks. They are seen, as text; nothing of them runs.

import net from 'node:net';
import readline from 'node:readline';

const attack = '<img src=x onerror="document.title=\'pwned\'"><script>document.title=\'pwned\'</script>\u202e\u001b[2J';

/** Mines one accepted share by hand: on regtest every second hash is one. */
async function mineAs(port, user, software) {
  const socket = net.connect(port, '127.0.0.1');
  const lines = readline.createInterface({ input: socket })[Symbol.asyncIterator]();
  const send = (id, method, params) => socket.write(`${JSON.stringify({ id, method, params })}\n`);
  let newest = null; // the others find blocks: what was to be mined a moment ago is stale
  const next = async (wanted) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('the pool hung up');
      const message = JSON.parse(value);
      if (message.method === 'mining.notify') newest = message.params;
      if (wanted(message)) return message;
    }
  };
  send(1, 'mining.subscribe', [software]);
  const [, , extranonceBytes] = (await next((message) => message.id === 1)).result;
  send(2, 'mining.authorize', [user, 'x']);
  await next((message) => message.method === 'mining.notify');
  for (let nonce = 0; nonce < 200; nonce += 1) {
    const [job, , , , , , , time] = newest;
    send(10 + nonce, 'mining.submit', [user, job, '00'.repeat(extranonceBytes), time, nonce.toString(16).padStart(8, '0')]);
    if ((await next((message) => message.id === 10 + nonce)).result === true) return socket;
  }
  throw new Error('no share was accepted');
}

export async function check(watched, { address, stratum }) {
  const socket = await mineAs(Number(stratum), `${address}.${attack}`, attack);
  const page = await watched.visitor();
  await watched.visit(page, `#/account/${address}`);
  const row = page.locator('#worker-table tbody tr', { hasText: 'img' });
  await row.waitFor({ timeout: 30000 });
  await watched.shot(page, 'hostile-worker');
  await row.locator('a').click();
  await page.locator('#worker-panel:not([hidden])').waitFor();
  await watched.shot(page, 'hostile-worker-alone');
  // Nothing of one worker stands under the name of the next, not even until that one is read.
  const left = await page.evaluate((next) => new Promise((done) => {
    addEventListener('hashchange', () => done(!document.getElementById('worker-panel').hidden), { once: true });
    location.hash = next;
  }), `#/account/${address}/rig-1`);
  watched.holds(!left, 'figures of another worker are left standing');
  await page.locator('#worker-panel:not([hidden])').waitFor();
  for (const place of ['#/', '#/blocks', `#/account/${address}`]) {
    await watched.visit(page, place);
    watched.same(await page.locator('main img:not(#connect-qr), main script').count(), 0, `${place}: elements that a miner made`);
    watched.holds(!(await page.title()).includes('pwned'), `${place}: a miner's script ran`);
  }
  socket.destroy();
}
