// node check.mjs CHECK GIVEN: runs one check (checks/CHECK.mjs) on a pool that runs; GIVEN is a JSON text.
// Ends with 0 when the check and the page had nothing to complain about.

import { Watched } from './watched.mjs';

const [name, given] = process.argv.slice(2);
const watched = new Watched(JSON.parse(given));
try {
  const { check } = await import(`./checks/${name}.mjs`);
  await watched.start();
  await check(watched, watched.given);
} catch (error) {
  watched.complain(error.stack);
} finally {
  await watched.stop();
}
for (const complaint of watched.complaints) console.log(complaint);
process.exitCode = watched.complaints.length === 0 ? 0 : 1;
