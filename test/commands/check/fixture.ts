import { beforeAll } from 'vitest';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { useKeyring } from '../../support/key-store.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';

export interface Row {
  readonly severity: string;
  readonly id: string;
  readonly observed: string;
  readonly evidence: readonly string[];
  readonly fix: readonly string[];
  readonly fix_kind: readonly string[];
  readonly change?: string;
}

export interface CheckCommands {
  readonly database: { readonly current: SchemaDatabase };
  readonly env: () => Record<string, string>;
  /** `ordersync …` in this process, as the superuser unless `url` names somebody else. */
  ordersync(words: string, options?: { readonly url?: string; readonly cwd?: string }): Promise<Ran>;
  /** The rows of `check …`, whatever its exit code. */
  rows(words: string, options?: { readonly url?: string; readonly cwd?: string }): Promise<readonly Row[]>;
  /** What one check says. */
  row(id: string, options?: { readonly url?: string; readonly words?: string }): Promise<Row>;
}

/** What runs out of its time is unknown; on a busy machine that says nothing about it. */
function patience(words: string): readonly string[] {
  return /^(?:check|security)\b/.test(words) && !words.includes('--timeout') ? ['--timeout', '1h'] : [];
}

/** A schema with keys and demo data, for all tests of a file. */
export function useSeeded(): CheckCommands {
  const database = useSchema();
  const keyring = useKeyring();
  const env = (): Record<string, string> => ({ ...keyring.env, ORDERSYNC_DATABASE_URL: database.current.url });
  const ordersync: CheckCommands['ordersync'] = async (words, { url, cwd } = {}) =>
    run([...words.split(' '), ...patience(words)], {
      env: { ...env(), ...(url === undefined ? {} : { ORDERSYNC_DATABASE_URL: url }) },
      ...(cwd === undefined ? {} : { cwd }),
    });
  beforeAll(async () => {
    for (const words of ['key create', 'seed --scale 6000 --months 2']) {
      const { code, stderr } = await ordersync(words);
      if (code !== 0) throw new Error(stderr);
    }
    await database.current.sql`vacuum analyze`;
  });
  const rows: CheckCommands['rows'] = async (words, options) => {
    const { stdout, stderr } = await ordersync(`check --format json${words === '' ? '' : ` ${words}`}`, options);
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { data: Row[] }).data;
  };
  return {
    database,
    env,
    ordersync,
    rows,
    row: async (id, { url, words = '' } = {}) => {
      const [row, ...others] = await rows(`--only ${id} ${words}`.trim(), url === undefined ? {} : { url });
      if (row === undefined || others.length > 0) throw new Error(`${id} is not one check`);
      return row;
    },
  };
}
