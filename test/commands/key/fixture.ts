import type { FilledRows, Application } from '../../support/application.ts';
import { fillEveryTable, startApplication } from '../../support/application.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { useKeyring } from '../../support/key-store.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import type { SchemaDatabase } from '../../support/schema.ts';

export interface KeyCommands {
  readonly database: { readonly current: SchemaDatabase };
  readonly keyring: TestKeyring;
  /** `ordersync key …` in this process, as a superuser, against a local keyring. */
  key(
    words: string,
    options?: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Ran>;
  /** The rows of its JSON report. */
  rows(words: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** `key create`, and then the application with those keys. */
  start(): Promise<Application>;
  fill(application: Application): Promise<FilledRows>;
}

/** A schema and a keyring of their own for all tests of a describe block. */
export function useKeyCommands(): KeyCommands {
  const database = useSchema();
  const keyring = useKeyring();
  const key: KeyCommands['key'] = async (words, { stdin, env } = {}) =>
    run(['key', ...words.split(' ')], {
      env: { ...keyring.env, ORDERSYNC_DATABASE_URL: database.current.url, ...env },
      ...(stdin === undefined ? {} : { stdin }),
    });
  return {
    database,
    keyring,
    key,
    rows: async (words) => rowsOf(await key(`${words} --format json`)),
    start: async () => {
      const { code, stderr } = await key('create');
      if (code !== 0) throw new Error(stderr);
      return startApplication(database.current.url, keyring.open());
    },
    fill: async (application) => fillEveryTable(database.current.sql, application),
  };
}

export function rowsOf({ stdout, stderr }: Ran): readonly Readonly<Record<string, unknown>>[] {
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { data: Readonly<Record<string, unknown>>[] }).data;
}
