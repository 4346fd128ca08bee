// The long fault campaigns: every test that kills the program or its server, with the full number of kills. Pass
// ORDERSYNC_SEED to repeat a run; each test prints its seed in its name.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = `${root}/node_modules/vitest/vitest.mjs`;
const ran = spawnSync(process.execPath, [vitest, 'run', 'kill', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ORDERSYNC_CHAOS: 'full' },
});
process.exitCode = ran.status ?? 1;
