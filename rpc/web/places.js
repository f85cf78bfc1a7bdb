// Where we are, as it stands in the address and in bookmarks:
// "#/", "#/account/NAME", "#/account/NAME/WORKER", "#/watch/TOKEN", "#/watch/TOKEN/WORKER", "#/blocks", "#/payouts", "#/operator".

const simple = ['home', 'account', 'blocks', 'payouts', 'operator'];

function decoded(part = '') {
  try { return decodeURIComponent(part).trim(); } catch { return ''; } // no such account
}

/** page, and of account and worker pages whose: by name or by the token of a watcher link. */
export function place(hash = location.hash) {
  const [page, who, worker] = hash.replace(/^#\/?/, '').split('/');
  const where = { page: simple.includes(page) ? page : 'home', account: '', token: '', worker: decoded(worker) };
  if (page === 'watch' && decoded(who) !== '') Object.assign(where, { page: 'account', token: decoded(who) });
  if (page === 'account') where.account = decoded(who);
  if (where.page === 'account' && where.worker !== '') where.page = 'worker';
  return where;
}

/** The address of an account, or of one of its workers, seen as it is seen here. */
export function addressOf({ account, token }, worker) {
  const parts = token === '' ? ['account', account] : ['watch', token];
  if (worker !== undefined) parts.push(worker);
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** Do both show the same account? */
export const sameAccount = (a, b) => a.account === b.account && a.token === b.token;
