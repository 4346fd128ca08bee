import { readFile } from 'node:fs/promises';
import type { Context } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { Head } from '../manifest/chain.ts';
import type { PublicKeys } from '../manifest/sign.ts';
import { parsePublicKey, signingKeyId } from '../manifest/sign.ts';
import { readPublicKeys } from '../manifest/signing-keys.ts';
import { hasArchive, readKnownManifests } from './queries.ts';

/** What an archive is measured by, none of which comes from its store. */
export interface Trust {
  /** "the database", "auditor.pem": for messages. */
  readonly source: string;
  readonly publicKeys: PublicKeys;
  /** Manifests that are known from elsewhere. */
  readonly known: readonly Head[];
}

/**
 * Public keys of files when there are any, and then no database is asked; otherwise the keys and manifests that the database
 * keeps.
 * @throws OrdersyncError `usage` for a file that is no public key; `precondition` for a database that never archived
 */
export async function trustOf(ctx: Pick<Context, 'db'>, files: readonly string[]): Promise<Trust> {
  if (files.length === 0) return trustOfDatabase(ctx);
  const keys = await Promise.all(files.map(readKey));
  return {
    source: files.join(', '),
    publicKeys: new Map(keys.map((key) => [signingKeyId(key), key])),
    known: [],
  };
}

async function trustOfDatabase({ db }: Pick<Context, 'db'>): Promise<Trust> {
  const { sql } = await db.session();
  if (!(await hasArchive(sql))) {
    throw new OrdersyncError('precondition', 'this database knows nothing of an archive', {
      hint: 'ordersync migrate up makes what the archive needs; without its database an archive is checked with --public-key',
    });
  }
  return { source: 'the database', publicKeys: await readPublicKeys(sql), known: await readKnownManifests(sql) };
}

async function readKey(file: string) {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    throw new OrdersyncError('usage', `${file} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`, {
      hint: 'the file is the public key of the archive, which its store has as keys/<key id>.pem',
      cause: error,
    });
  }
  return parsePublicKey(pem, file);
}
