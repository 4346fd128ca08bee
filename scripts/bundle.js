// Joins the compiled modules into the few CommonJS files that bin/ordersync.js loads: a start pays for each file, and for
// node's ES module loader, more than for the code in them (docs/decisions/010).
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { builtinsOnUse } from './builtins-on-use.js';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/.$/, '');

/** Libraries that nearly every start needs, or that only ES modules may import. The others are loaded when first used. */
const BUNDLED = ['chalk', 'commander', 'postgres'];

/**
 * What a command with a database always loads, and what `migrate up` loads besides: one file each. Every other dynamic
 * import keeps a file of its own.
 */
const GROUPS = [
  {
    name: 'core',
    modules: [
      'cli/program',
      'cli/run',
      'db/connect',
      'db/settings/resolve',
      'db/transaction',
      'output/render',
      // Of migrations, what reports need too: else a report would load all that `migrate up` loads.
      'domain/migrations/file/lexer',
      'domain/migrations/file/position',
    ],
  },
  { name: 'migrate-up', modules: ['commands/migrate/index', 'commands/migrate/up'] },
];

/**
 * Bundles the modules in the folder `from` into the folder `to`; both absolute.
 * @throws Error when rolldown warns: what it warns of (an import that is not there, a cycle of files) breaks at run time
 */
export async function bundle(from, to) {
  const build = await rolldown({
    input: { main: `${from}/main.js` },
    platform: 'node',
    external: (id) => isPackage(id) && !BUNDLED.includes(id),
    plugins: [oneWayToFiles(from), builtinsOnUse()],
    // A module that is imported both ways is simply there already.
    checks: { ineffectiveDynamicImport: false },
    onLog: (_, { message }) => {
      throw new Error(message);
    },
  });
  await build.write({
    dir: to,
    format: 'cjs',
    // Stacks name what the source names, line by line; the names of files stay from build to build. Comments go, and so
    // does every character beyond ASCII: a single one, in a comment even, doubles what V8 has to hold and read of a file.
    comments: false,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    minifyInternalExports: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups: GROUPS.map((group, index) => groupOf(from, group, GROUPS.length - index)) },
  });
  await build.close();
  loadEach(to);
  writeFileSync(`${to}/LICENSES.txt`, licences());
}

function groupOf(from, { name, modules }, priority) {
  const paths = new Set(modules.map((module) => `${from}/${module}.js`));
  return { name, priority, test: (id) => paths.has(id) };
}

/** `postgres`, `@aws-sdk/client-kms`; not a path, and not the `#name` by which a package means its own files. */
function isPackage(id) {
  return /^[@a-z]/.test(id) && !isBuiltin(id);
}

/** Paths relative to a module are wrong after bundling; src/package-file.ts knows the way at every depth. */
function oneWayToFiles(from) {
  return {
    name: 'one-way-to-files',
    transform(code, id) {
      if (id !== `${from}/package-file.js` && /new URL\([^;]*import\.meta|import\.meta\.(dirname|filename)/.test(code))
        throw new Error(`${id} finds a file by import.meta: use packageFile() of src/package-file.ts`);
    },
  };
}

/** A library that only ES modules may import would be found missing, or warned of, when a user comes by. */
function loadEach(folder) {
  const files = readdirSync(folder).map((file) => `${folder}/${file}`);
  const script = 'for (const file of process.argv.slice(1)) require(file)';
  const ran = spawnSync(process.execPath, ['--no-experimental-require-module', '-e', script, ...files], {
    encoding: 'utf8',
  });
  if (ran.status !== 0 || ran.stderr !== '') throw new Error(`a bundled file does not load:\n${ran.stderr}`);
}

/** What the authors of the bundled libraries ask to be kept with their code. */
function licences() {
  return BUNDLED.map((name) => {
    const folder = `${root}/node_modules/${name}`;
    const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version}: ${license}\n\n${file === undefined ? '' : readFileSync(`${folder}/${file}`, 'utf8')}`;
  }).join('\n');
}
