import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';

export type Row = Readonly<Record<string, unknown>>;

interface JobCommands {
  readonly database: { readonly current: SchemaDatabase };
  /** `ordersync jobs …` in this process, as the owner of the tables, who is no superuser. */
  jobs(words: string, options?: Parameters<typeof run>[1]): Promise<Ran>;
  /** The rows of its JSON report, whatever its exit code. */
  rows(words: string): Promise<readonly Row[]>;
}

/** A schema of its own for all tests of a describe block or file. */
export function useJobCommands(): JobCommands {
  const database = useSchema();
  const jobs: JobCommands['jobs'] = async (words, { env, ...options } = {}) =>
    run(['jobs', ...words.split(' '), ...patience(words)], {
      ...options,
      env: { ORDERSYNC_DATABASE_URL: ownerUrl(database.current), ...env },
    });
  return { database, jobs, rows: async (words) => rowsOf(await jobs(`${words} --format json`)) };
}

/** The machine may be too busy for the default of 150 ms. */
function patience(words: string): readonly string[] {
  return words.startsWith('run ') && !words.includes('--lock-timeout') ? ['--lock-timeout', '5s'] : [];
}

export function ownerUrl(database: SchemaDatabase): string {
  return database.urlFor({ user: 'schema_owner', password: 'schema' });
}

export function rowsOf({ stdout, stderr }: Ran): readonly Row[] {
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { data: readonly Row[] }).data;
}
