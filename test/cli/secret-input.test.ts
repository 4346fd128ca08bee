import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { SecretInput } from '../../src/cli/secret-input.ts';
import { createSecretInput } from '../../src/cli/secret-input.ts';

const folder = mkdtempSync(join(tmpdir(), 'ordersync-secret-input-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Terminal {
  readonly input: SecretInput;
  /** Everything that was drawn so far. */
  readonly drawn: () => string;
  /** Types once the question stands there for the nth time. */
  readonly answer: (question: string, keys: string) => Promise<void>;
}

function open({ tty, stdin, env = {} }: { tty: boolean; stdin?: string; env?: Record<string, string> }): Terminal {
  const stream = Object.assign(new PassThrough(), { isTTY: tty });
  if (stdin !== undefined) stream.end(stdin);
  const stderr = Object.assign(new PassThrough(), { isTTY: tty });
  // Each question ends its output; Node itself spares process.stderr.
  stderr.end = () => stderr;
  let drawn = '';
  stderr.on('data', (chunk: Buffer) => void (drawn += chunk.toString()));
  const needs = { signal: new AbortController().signal, uid: process.geteuid?.() };
  return {
    input: createSecretInput({ stdin: stream, stderr, env, cwd: folder }, needs),
    drawn: () => drawn,
    answer: async (question, keys) => {
      await vi.waitUntil(() => drawn.includes(question), { timeout: 60_000 });
      stream.write(keys);
    },
  };
}

const textOf = (secret: { expose(): Buffer }): string => secret.expose().toString('utf8');

describe('a passphrase', () => {
  it('is typed without being shown, whatever keys are pressed', async () => {
    const { input, answer, drawn } = open({ tty: true });
    const [secret] = await Promise.all([
      input.passphrase('P', 'Passphrase of k:'),
      answer('Passphrase of k:', 'hunter2 \u0014비밀\r'),
    ]);
    expect(textOf(secret)).toBe('hunter2 비밀');
    expect(drawn()).not.toContain('hunter2');
  });

  it('is typed twice when it is new, and refused when the two differ', async () => {
    const same = open({ tty: true });
    const [secret] = await Promise.all([
      same.input.newPassphrase('P', 'New:'),
      same.answer('New:', 'hunter2\r').then(async () => same.answer('Once more:', 'hunter2\r')),
    ]);
    expect(textOf(secret)).toBe('hunter2');
    const other = open({ tty: true });
    const typed = other.answer('New:', 'hunter2\r').then(async () => other.answer('Once more:', 'hunter3\r'));
    await expect(other.input.newPassphrase('P', 'New:')).rejects.toMatchObject({
      code: 'usage',
      message: 'the two passphrases differ',
    });
    await typed;
    expect(`${same.drawn()}${other.drawn()}`).not.toMatch(/hunter/);
  });

  it('is not asked for when a file, the environment or standard input gives it; the file comes first', async () => {
    const path = join(folder, 'p.txt');
    writeFileSync(path, 'from file\r\n', { mode: 0o600 });
    const env = { P_FILE: 'p.txt', P: 'from env' };
    expect(textOf(await open({ tty: true, env }).input.passphrase('P', '?'))).toBe('from file');
    expect(textOf(await open({ tty: true, env: { P: 'from env' } }).input.passphrase('P', '?'))).toBe('from env');
    const piped = open({ tty: false, stdin: 'from stdin\n', env: { P_FILE: '-' } });
    expect(textOf(await piped.input.newPassphrase('P', '?'))).toBe('from stdin');
    await expect(piped.input.value('?')).rejects.toThrow(
      'standard input was read already, and the value was to come from it too',
    );
  });

  it('that is missing says where it can come from, and leaving is no answer', async () => {
    await expect(open({ tty: false, stdin: '' }).input.passphrase('P', '?')).rejects.toMatchObject({
      code: 'config',
      details: { hint: 'set P_FILE to a file of mode 0600 (or to - for standard input), or P' },
    });
    const left = open({ tty: true });
    const leaving = left.answer('Passphrase:', 'hun\u0003');
    await expect(left.input.passphrase('P', 'Passphrase:')).rejects.toMatchObject({ code: 'not_confirmed' });
    await leaving;
    await expect(open({ tty: false, env: { P_FILE: 'absent.txt' } }).input.passphrase('P', '?')).rejects.toMatchObject({
      code: 'config',
      message: `there is no passphrase file at ${join(folder, 'absent.txt')}`,
    });
  });
});

describe('a value', () => {
  it('is all of standard input but one line end, or what is typed', async () => {
    expect(textOf(await open({ tty: false, stdin: ' two\nlines \n\n' }).input.value('?'))).toBe(' two\nlines \n');
    const { input, answer, drawn } = open({ tty: true });
    const [typed] = await Promise.all([input.value('Value:'), answer('Value:', 'hunter2\r')]);
    expect(textOf(typed)).toBe('hunter2');
    expect(drawn()).not.toContain('hunter2');
  });
});
