import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Runs the whole suite against every supported PostgreSQL, one after the other; arguments go to vitest:
//   node scripts/test-matrix.js test/db --bail 1
const VERSIONS = [15, 16, 17, 18];
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));

const results = [];
for (const version of VERSIONS) {
  console.log(`\nPostgreSQL ${version}`);
  const started = performance.now();
  const status = await runSuite(version);
  results.push({ version, status, seconds: Math.round((performance.now() - started) / 1000) });
}

console.log('');
for (const { version, status, seconds } of results) {
  console.log(`PostgreSQL ${version}: ${status === 0 ? 'passed' : `FAILED (${status})`} in ${seconds} s`);
}
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1;

/** Resolves with the exit status, or with the name of the signal that ended the run. */
async function runSuite(version) {
  const suite = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    env: { ...process.env, ORDERSYNC_TEST_PG: String(version) },
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    suite.once('error', reject);
    suite.once('close', (status, signal) => resolve(status ?? signal));
  });
}
