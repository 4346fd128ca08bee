import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import { useKeyring } from '../../support/key-store.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';

type Rows = readonly Readonly<Record<string, unknown>>[];

export interface ArchiveCommands {
  readonly database: { readonly current: SchemaDatabase };
  readonly keyring: TestKeyring;
  /** A directory that is the store. */
  readonly store: { readonly path: string };
  /** As the owner of the tables, who is no superuser. */
  sql(): postgres.Sql;
  /** `ordersync archive …` in this process, confirmed. */
  archive(words: string, env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** The rows of its JSON report, whatever its exit code. */
  rows(words: string): Promise<Rows>;
  readonly env: () => Readonly<Record<string, string>>;
}

/** A schema, a keyring and a store of its own for all tests of a describe block. */
export function useArchiveCommands(): ArchiveCommands {
  const database = useSchema();
  const keyring = useKeyring();
  const store = { path: '' };
  beforeAll(() => {
    store.path = mkdtempSync(path.join(tmpdir(), 'ordersync-archive-'));
  });
  afterAll(() => rmSync(store.path, { recursive: true, force: true }));
  const env = () => ({
    ...keyring.env,
    ORDERSYNC_ARCHIVE: store.path,
    ORDERSYNC_DATABASE_URL: database.current.urlFor({ user: 'schema_owner', password: 'schema' }),
  });
  const archive: ArchiveCommands['archive'] = async (words, more = {}) =>
    run(['archive', ...words.split(' '), ...manners(words)], { env: { ...env(), ...more } });
  const rows: ArchiveCommands['rows'] = async (words) => {
    const { stdout, stderr } = await archive(`${words} --format json`);
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { data: Rows }).data;
  };
  return { database, keyring, store, archive, rows, env, sql: () => database.current.as('owner') };
}

/** Nobody else is at work in these databases, and the machine may be too busy for the default of 150 ms. */
function manners(words: string): readonly string[] {
  return words.startsWith('run') ? ['--lock-timeout', '5s', '--yes'] : [];
}
