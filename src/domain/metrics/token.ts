import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';
import { OrdersyncError } from '../../errors.ts';

/** Whether the value of an Authorization header carries the token. */
export type TokenCheck = (authorization: string | undefined) => boolean;

/** Rights of everybody on the file: a group may read it, as service managers arrange. */
const OTHERS = 0o007;
/** 128 bits in base64url have 22 characters; anything shorter can be tried out. */
const SHORTEST = 22;

/** Reads a bearer token, which stands alone in its file. @throws OrdersyncError `config` */
export async function readToken(path: string): Promise<TokenCheck> {
  const text = await readOwn(path);
  if (!/^[\x21-\x7e]+$/.test(text) || text.length < SHORTEST) {
    throw problem(
      path,
      `does not hold one token of at least ${SHORTEST} characters`,
      'openssl rand -base64 32 makes one',
    );
  }
  const expected = digestOf(`Bearer ${text}`);
  // Digests have one length, whatever was sent: the time that comparing takes tells nothing.
  return (authorization) => timingSafeEqual(digestOf(authorization ?? ''), expected);
}

async function readOwn(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      if (((await file.stat()).mode & OTHERS) !== 0) {
        throw problem(path, 'can be read or written by everybody', `chmod 600 ${path}`);
      }
      return (await file.readFile('utf8')).trim();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof OrdersyncError) throw error;
    throw problem(
      path,
      `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
      'name a file',
      error,
    );
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function problem(path: string, what: string, hint: string, cause?: unknown): OrdersyncError {
  return new OrdersyncError('config', `the token file ${path} ${what}`, { hint, cause });
}
