// Compiles kernel/*.ts (AssemblyScript) to the WebAssembly module of the bulk encryption path and writes it, as base64, to
// src/crypto/kernel/module.ts: committed, so that what runs can be reviewed and needs no file at run time. Does nothing when
// the sources are those the file was made from; test/crypto/kernel/module.test.ts compiles anyway and compares every byte.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}src/crypto/kernel/module.ts`;
const SOURCES = `${root}kernel`;
/** 768 KB of memory, from the start and at most. */
const PAGES = '12';
const OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd'].concat(
  ['--initialMemory', PAGES],
  ['--maximumMemory', PAGES],
);

/** Writes module.ts when the kernel's sources, or the way to compile them, have changed. */
export async function buildKernel() {
  const fingerprint = fingerprintOf();
  if (existsSync(target) && readFileSync(target, 'utf8').includes(fingerprint)) return;
  // Moved in whole: another build may be compiling it. No compiler takes a name that does not end in .ts.
  const aside = `${target}.${process.pid}`;
  writeFileSync(aside, moduleText(await compileKernel(), fingerprint));
  renameSync(aside, target);
}

/** The module of kernel/kernel.ts, compiled now; with `test`, another module that imports the same sources as a test wants. */
export async function compileKernel(test) {
  const { createMemoryStream, main } = (await import('assemblyscript/asc')).default;
  const files = new Map();
  const stderr = createMemoryStream();
  const { error } = await main(['kernel.ts', '--outFile', 'kernel.wasm', ...OPTIONS], {
    stderr,
    readFile: (name) => {
      if (test !== undefined && name === 'kernel.ts') return test;
      const file = `${SOURCES}/${name}`;
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (name, contents) => void files.set(name, contents),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`kernel/kernel.ts does not compile: ${stderr.toString()}`, { cause: error });
  return files.get('kernel.wasm');
}

/** The text of module.ts. */
export function moduleText(wasm, fingerprint = fingerprintOf()) {
  const lines = Buffer.from(wasm)
    .toString('base64')
    .match(/.{1,110}/g)
    .map((line) => `  '${line}',`);
  return [
    '// Made by scripts/build-kernel.js from kernel/*.ts; do not edit.',
    `// Sources: ${fingerprint}`,
    '',
    '/** The WebAssembly module of the bulk path, in base64. */',
    'export const KERNEL_MODULE = [',
    ...lines,
    "].join('');",
    '',
  ].join('\n');
}

function fingerprintOf() {
  const hash = createHash('sha256').update(OPTIONS.join(' '));
  const compiler = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).devDependencies.assemblyscript;
  hash.update(compiler);
  for (const name of readdirSync(SOURCES).toSorted())
    hash.update(`\0${name}\0`).update(readFileSync(`${SOURCES}/${name}`));
  return `sha256 ${hash.digest('hex')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernel();
