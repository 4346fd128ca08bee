// Fills the generated blocks of README.md from the program itself (`npm run readme`); with --check it changes nothing and
// fails when a block is stale. A block stands between `<!-- name -->` and `<!-- /name -->`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUILTINS } from '../dist/cli/builtins.js';
import { EXIT_CODES } from '../dist/cli/exit.js';
import { commandsOf } from '../dist/cli/command-paths.js';
import { NOUNS } from '../dist/commands/index.js';

const file = fileURLToPath(new URL('../README.md', import.meta.url));
const before = readFileSync(file, 'utf8');
const after = fill(fill(before, 'exit-codes', exitCodes()), 'usage', await usage());

if (before === after) {
  console.log('README.md is up to date');
} else if (process.argv.includes('--check')) {
  console.error('README.md is stale: run `npm run readme`');
  process.exitCode = 1;
} else {
  writeFileSync(file, after);
  console.log('README.md is filled anew');
}

function fill(text, name, content) {
  const block = new RegExp(`<!-- ${name} -->\n[^]*?<!-- /${name} -->`, 'g');
  if (text.match(block)?.length !== 1) throw new Error(`README.md must have exactly one block "${name}"`);
  return text.replace(block, () => `<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->`);
}

/** Columns are padded as the formatter pads them, or it would make the block stale. */
function exitCodes() {
  const rows = [
    { code: 'code', meaning: 'meaning' },
    ...EXIT_CODES.map(({ code, meaning }) => ({ code: String(code), meaning })),
  ];
  const width = { code: widest(rows.map(({ code }) => code)), meaning: widest(rows.map(({ meaning }) => meaning)) };
  const lines = rows.map(({ code, meaning }) => `| ${code.padEnd(width.code)} | ${meaning.padEnd(width.meaning)} |`);
  return lines.toSpliced(1, 0, `| ${'-'.repeat(width.code)} | ${'-'.repeat(width.meaning)} |`).join('\n');
}

function widest(texts) {
  return Math.max(...texts.map(({ length }) => length));
}

async function usage() {
  const nouns = await Promise.all(NOUNS.map(commandsOf));
  const lines = [
    ...nouns.flat().map(({ path, command }) => ({ call: callOf({ ...command, name: path }), command })),
    ...BUILTINS.map((command) => ({ call: callOf(command), command })),
  ];
  const width = widest(lines.map(({ call }) => call));
  const list = lines.map(({ call, command }) => `ordersync ${call.padEnd(width)}   ${command.summary}`);
  return ['```text', ...list, '```'].join('\n');
}

function callOf({ name, args = {} }) {
  const words = Object.entries(args).map(([arg, { required }]) => (required ? `<${arg}>` : `[${arg}]`));
  return [name, ...words].join(' ');
}
