// Compiles src to dist, bundles that in dist/program, and only when a source file is newer than the last build: `npm run demo`,
// `npm test` and `npm run check` all begin with it, so each works on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildKernel } from './build-kernel.js';
import { bundle } from './bundle.js';
import { replaceFolder } from './replace-folder.js';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/.$/, '');
const stamp = `${root}/dist/.built`;
// Built aside and swapped in: a program that is starting meanwhile finds the old build or the new one.
const aside = `${root}/dist-${process.pid}`;

function newestMs(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { recursive: true })) {
    // Undefined: another build's file that it has moved meanwhile.
    newest = Math.max(newest, statSync(`${folder}/${entry}`, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  }
  return newest;
}

/** How new the sources of the last build were when it began: what was changed while it ran is not in it. */
function builtMs() {
  return existsSync(stamp) ? Number(readFileSync(stamp, 'utf8')) : 0;
}

function compile() {
  const tsc = `${root}/node_modules/typescript/bin/tsc`;
  const ran = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', aside], {
    cwd: root,
    stdio: 'inherit',
  });
  return ran.status === 0;
}

/** bin/ordersync.js prints these two without loading the program. */
async function writeDown() {
  const { main } = createRequire(import.meta.url)(`${aside}/program/main.cjs`);
  for (const [flag, file] of [
    ['--version', 'version.txt'],
    ['--help', 'help.txt'],
  ]) {
    let text = '';
    const stdout = { write: (chunk) => void (text += chunk) };
    await main([flag], { stdout, stderr: process.stderr, env: {}, cwd: root });
    if (text === '') throw new Error(`${flag} printed nothing`);
    writeFileSync(`${aside}/${file}`, text);
  }
}

/** False when src does not compile; what can be bundled all the same replaces the last build, so that a test can run it. */
async function build(sourcesMs) {
  const compiled = compile();
  await bundle(aside, `${aside}/program`);
  await writeDown();
  // Without the stamp the next run builds again: a build with errors is never taken for a good one.
  if (compiled) writeFileSync(`${aside}/.built`, String(sourcesMs));
  replaceFolder(aside, `${root}/dist`);
  return compiled;
}

// Before anything is compared: it may write a source file.
await buildKernel();

const sources = Math.max(
  newestMs(`${root}/src`),
  ...[
    'tsconfig.build.json',
    'tsconfig.json',
    'package.json',
    'scripts/build.js',
    'scripts/builtins-on-use.js',
    'scripts/bundle.js',
    'scripts/replace-folder.js',
    'package-lock.json',
  ].map((file) => statSync(`${root}/${file}`).mtimeMs),
);
if (builtMs() < sources) {
  try {
    process.exitCode = (await build(sources)) ? 0 : 1;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
