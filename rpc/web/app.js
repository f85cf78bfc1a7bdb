// Reads the API every few seconds and fills the page in. Everything that comes from outside goes
// in as text: there is no place here that makes markup of it.

const refreshMs = 5000;
const blocksShown = 20;
const $ = (id) => document.getElementById(id);
const show = (id, text) => { $(id).textContent = text; };

// ---- numbers as people read them ----

const units = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/** Three significant digits and a unit: 1234567 -> "1.23 M". */
function scaled(value) {
  if (!(value > 0)) return '0 ';
  if (value < 1) return `${Number(value.toPrecision(3))} `;
  let step = 0;
  while (value >= 999.5 && step < units.length - 1) { value /= 1000; step += 1; }
  return `${value.toPrecision(3)} ${units[step]}`;
}
const hashes = (value) => `${scaled(value)}H/s`;
const count = (value) => new Intl.NumberFormat('en-US').format(value).replaceAll(',', '\u202f');
const sats = (value) => `${count(value)} sat`;

function ago(seconds, now) {
  const gone = Math.max(0, Math.round(now / 1000 - seconds));
  if (gone < 60) return `${gone} s ago`;
  if (gone < 3600) return `${Math.floor(gone / 60)} min ago`;
  if (gone < 86400) return `${Math.floor(gone / 3600)} h ago`;
  return `${Math.floor(gone / 86400)} d ago`;
}

// ---- tables ----

/** cells: {text, kind, title}. Rows are made anew: a page holds few of them. */
function fillRows(body, rows) {
  body.replaceChildren(...rows.map((cells) => {
    const row = document.createElement('tr');
    for (const { text, kind, title } of cells) {
      const cell = document.createElement('td');
      cell.textContent = text;
      if (kind) cell.className = kind;
      if (title) cell.title = title;
      row.append(cell);
    }
    return row;
  }));
}
const num = (text, title) => ({ text, kind: 'num', title });

// ---- what is shown ----

function showPool(pool) {
  show('hashrate', hashes(pool.hashrate_10m));
  show('hashrate-now', hashes(pool.hashrate_1m));
  show('workers', count(pool.workers));
  show('users', count(pool.users));
  show('blocks-found', count(pool.blocks_found));
  show('height', count(pool.height));
  show('difficulty', scaled(pool.network_difficulty).trim());
  show('shares', count(pool.shares_accepted));
  show('stratum-url', `stratum+tcp://${location.hostname}:${pool.stratum_port}`);
  show('version', `Zubr ${pool.version}`);
  show('chain', pool.chain);
  $('chain').hidden = pool.chain === 'main';
  $('copy-url').hidden = !navigator.clipboard;
  return pool.ready ? ['live', 'good'] : ['not ready: mining may be held up', 'bad'];
}

function showBlocks(blocks) {
  const now = Date.now();
  $('blocks-table').hidden = blocks.length === 0;
  $('blocks-message').hidden = blocks.length > 0;
  show('blocks-message', 'No block yet. Each share is a ticket: keep the miners pointed here and blocks appear in this table.');
  fillRows($('block-rows'), blocks.map((block) => [
    num(count(block.height)),
    { text: block.state, kind: `state-${/^[a-z]+$/.test(block.state) ? block.state : 'other'}` },
    num(ago(block.found_at, now), new Date(block.found_at * 1000).toISOString()),
    num(count(block.reward_sat)),
    num(block.confirmations < 0 ? '–' : count(block.confirmations)),
    { text: block.finder ? `${block.finder}.${block.worker}` : '–', kind: 'name', title: block.finder },
    { text: block.hash, kind: 'hash', title: block.hash },
  ]));
}

function showUser(user) {
  const now = Date.now();
  show('available', sats(user.available_sat));
  show('immature', sats(user.immature_sat));
  show('in-payout', sats(user.in_payout_sat));
  show('credited', sats(user.credited_sat));
  show('user-hashrate', hashes(user.hashrate_10m));
  show('user-shares', count(user.shares));
  show('payout-address', user.payout_address);
  fillRows($('worker-rows'), user.workers.map((worker) => [
    { text: worker.name, kind: 'name', title: worker.name },
    num(hashes(worker.hashrate_10m)),
    num(hashes(worker.hashrate_1m)),
    num(count(worker.accepted)),
    num(count(worker.stale)),
    num(count(worker.rejected)),
    num(worker.difficulty > 0 ? scaled(worker.difficulty).trim() : 'offline'),
    num(worker.last_share === null ? 'none yet' : ago(worker.last_share, now)),
    { text: worker.user_agent, kind: 'name', title: worker.user_agent },
  ]));
  $('worker-message').hidden = user.workers.length > 0;
  show('worker-message', `No worker is known. Point a miner at ${$('stratum-url').textContent} with the user ${user.account}.worker1`);
  $('account-panel').hidden = false;
  $('account-message').hidden = true;
}

function showNoUser(message) {
  $('account-panel').hidden = true;
  $('account-message').hidden = false;
  show('account-message', message);
}

// ---- reading ----

async function read(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(10000) });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** The account on show stands behind the '#', so that the page can be kept as a bookmark. */
function chosenAccount() {
  try {
    return decodeURIComponent(location.hash.slice(1)).trim();
  } catch {
    return '';
  }
}

async function refreshAccount() {
  const account = chosenAccount();
  if (account === '') return;
  const user = await read(`/api/v1/users/${encodeURIComponent(account)}`);
  if (account !== chosenAccount()) return; // another one was asked for meanwhile
  if (user) showUser(user);
  else showNoUser('Nothing is known of this account yet. It appears with its first accepted share; check the address, or point a miner here.');
}

let lastGood = null;

async function refresh() {
  try {
    const [pool, blocks] = await Promise.all(
      [read('/api/v1/pool'), read(`/api/v1/blocks?limit=${blocksShown}`)]);
    const [text, kind] = showPool(pool);
    showBlocks(blocks ?? []);
    await refreshAccount();
    lastGood = new Date();
    show('status', text);
    $('status').className = `status ${kind}`;
  } catch {
    show('status', lastGood ? `no answer since ${lastGood.toLocaleTimeString()}` : 'the pool does not answer; trying again');
    $('status').className = 'status bad';
  }
}

async function refreshForever() {
  for (;;) {
    if (!document.hidden) await refresh();
    await new Promise((wake) => { setTimeout(wake, refreshMs); });
  }
}

$('search').addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = encodeURIComponent($('account').value.trim());
});
addEventListener('hashchange', () => {
  $('account').value = chosenAccount();
  $('account-panel').hidden = true;
  refreshAccount().catch(() => showNoUser('The pool cannot tell right now; trying again in a moment.'));
});
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
$('copy-url').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('stratum-url').textContent);
  show('copy-url', 'Copied');
  setTimeout(() => show('copy-url', 'Copy'), 1500);
});

$('account').value = chosenAccount();
refreshForever();
