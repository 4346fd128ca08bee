import { expect, it } from 'vitest';
import { run } from '../support/io.ts';

const ESCAPE = '\u001B';

/** A table, and a refusal. */
const LINES = [
  ['config', 'show'],
  ['migrate', 'status'],
];

it.each([
  ['a pipe', { tty: false, env: {} }, [], false],
  ['a terminal', { tty: true, env: {} }, [], true],
  ['a terminal, NO_COLOR', { tty: true, env: { NO_COLOR: '1' } }, [], false],
  ['a terminal, empty NO_COLOR', { tty: true, env: { NO_COLOR: '' } }, [], true],
  ['a terminal, TERM=dumb', { tty: true, env: { TERM: 'dumb' } }, [], false],
  ['a terminal, --no-color', { tty: true, env: {} }, ['--no-color'], false],
  ['a pipe, FORCE_COLOR', { tty: false, env: { FORCE_COLOR: '1' } }, [], true],
  ['a pipe, --color', { tty: false, env: {} }, ['--color'], true],
  ['a pipe, --color against NO_COLOR', { tty: false, env: { NO_COLOR: '1' } }, ['--color'], true],
])('%s: %o %j, escape bytes: %s', async (_what, { tty, env }, flags, coloured) => {
  for (const argv of LINES) {
    const { stdout, stderr } = await run([...argv, ...flags], { tty, env });
    expect((stdout + stderr).includes(ESCAPE)).toBe(coloured);
  }
});

it.each(['json', 'ndjson', 'csv', 'markdown'])('%s never has an escape byte, whatever is forced', async (format) => {
  const { stdout } = await run(['config', 'show', '--format', format, '--color'], {
    tty: true,
    env: { FORCE_COLOR: '3' },
  });
  expect(stdout).not.toBe('');
  expect(stdout).not.toContain(ESCAPE);
});
