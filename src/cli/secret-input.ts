import { resolve } from 'node:path';
import { Secret } from '../crypto/secret.ts';
import type { Passphrase, Plaintext } from '../crypto/secret.ts';
import { OrdersyncError } from '../errors.ts';
import type { Io } from './io.ts';

/** Where secrets come from: a file, the environment, standard input, or a question on a terminal. Never argv. */
export interface SecretInput {
  /** All of standard input, or what is typed. */
  value(question: string): Promise<Plaintext>;
  /** The passphrase of an existing keyring, from `<variable>_FILE`, `<variable>` or a question. */
  passphrase(variable: string, question: string): Promise<Passphrase>;
  /** As passphrase, but typed twice. */
  newPassphrase(variable: string, question: string): Promise<Passphrase>;
}

const STDIN = '-';

interface Needs {
  readonly signal: AbortSignal;
  /** The effective user id; undefined on systems without. */
  readonly uid: number | undefined;
}

export function createSecretInput(io: Pick<Io, 'stdin' | 'stderr' | 'env' | 'cwd'>, needs: Needs): SecretInput {
  const standardInput = readableOnce(io);
  const ask = async (message: string): Promise<Buffer> => askOnTerminal(io, message, needs.signal);
  const given = async (variable: string): Promise<Passphrase | undefined> => {
    const file = io.env[`${variable}_FILE`];
    if (file === STDIN) return new Secret('passphrase', await standardInput('passphrase'));
    if (file) return new Secret('passphrase', await readSecretFile(resolve(io.cwd, file), needs.uid));
    const text = io.env[variable];
    return text ? new Secret('passphrase', Buffer.from(text, 'utf8')) : undefined;
  };
  return {
    value: async (question) => {
      const bytes = io.stdin.isTTY === true ? await ask(question) : await standardInput('value');
      if (bytes.length > 0) return new Secret('plaintext', bytes);
      throw new OrdersyncError('usage', 'there is no value', { hint: 'write it to standard input: … < file' });
    },
    passphrase: async (variable, question) => {
      const found = await given(variable);
      if (found !== undefined) return found;
      requireTerminal(io, variable);
      return new Secret('passphrase', await ask(question));
    },
    newPassphrase: async (variable, question) => {
      const found = await given(variable);
      if (found !== undefined) return found;
      requireTerminal(io, variable);
      return sameTwice(await ask(question), await ask('Once more:'));
    },
  };
}

/** Two readers of one stream would each get a part of it. */
function readableOnce(io: Pick<Io, 'stdin'>): (what: string) => Promise<Buffer> {
  let taken = false;
  return async (what) => {
    if (taken) {
      throw new OrdersyncError('usage', `standard input was read already, and the ${what} was to come from it too`, {
        hint: 'give one of the two in a file',
      });
    }
    taken = true;
    const chunks: Buffer[] = [];
    for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
    return withoutLineEnd(Buffer.concat(chunks));
  };
}

async function readSecretFile(path: string, uid: number | undefined): Promise<Buffer> {
  const { readPrivate } = await import('../keystore/local/file.ts');
  return withoutLineEnd(await readPrivate({ path, what: 'passphrase file', uid }));
}

async function askOnTerminal(io: Pick<Io, 'stdin' | 'stderr'>, message: string, signal: AbortSignal): Promise<Buffer> {
  const { askForSecret } = await import('../output/prompt.ts');
  const answer = await askForSecret(io, { message, signal });
  signal.throwIfAborted();
  if (answer === undefined) throw new OrdersyncError('not_confirmed', 'nothing was entered; nothing was done');
  return Buffer.from(answer, 'utf8');
}

function requireTerminal({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>, variable: string): void {
  if (stdin.isTTY === true && stderr.isTTY === true) return;
  throw new OrdersyncError('config', 'there is no passphrase, and no terminal to ask for it on', {
    hint: `set ${variable}_FILE to a file of mode 0600 (or to - for standard input), or ${variable}`,
  });
}

function sameTwice(first: Buffer, second: Buffer): Passphrase {
  const same = first.equals(second);
  second.fill(0);
  if (same) return new Secret('passphrase', first);
  first.fill(0);
  throw new OrdersyncError('usage', 'the two passphrases differ', { hint: 'nothing was changed; try again' });
}

/** `echo` and editors end a line; it is not part of the secret. */
function withoutLineEnd(bytes: Buffer): Buffer {
  const end = bytes.length - (bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0);
  return bytes.subarray(0, end);
}
