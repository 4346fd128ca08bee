// Compiles src to dist, and only when a source file is newer than the last build: `npm run demo`,
// `npm test` and `npm run check` all begin with it, so each works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function newestMs(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { recursive: true })) {
    newest = Math.max(newest, statSync(`${folder}/${entry}`).mtimeMs);
  }
  return newest;
}

function builtMs() {
  const built = statSync(`${root}/dist/.tsbuildinfo`, { throwIfNoEntry: false });
  return built === undefined ? 0 : built.mtimeMs;
}

const sources = Math.max(newestMs(`${root}/src`), statSync(`${root}/tsconfig.build.json`).mtimeMs);
if (builtMs() < sources) {
  rmSync(`${root}/dist`, { recursive: true, force: true });
  const tsc = spawnSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = tsc.status ?? 1;
  // Without this the next run would take a build with errors for a good one.
  if (tsc.status !== 0) rmSync(`${root}/dist/.tsbuildinfo`, { force: true });
}
