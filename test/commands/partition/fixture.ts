import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { useSchema } from '../../support/schema.ts';

export type Rows = readonly Readonly<Record<string, unknown>>[];

export interface PartitionCommands {
  readonly database: { readonly current: SchemaDatabase };
  /** `ordersync partition …` in this process, as the owner of the tables, who is no superuser. */
  partition(words: string, env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** The rows of its JSON report, whatever its exit code. */
  rows(words: string): Promise<Rows>;
}

/** A schema of its own for all tests of a describe block. */
export function usePartitionCommands(): PartitionCommands {
  const database = useSchema();
  const partition: PartitionCommands['partition'] = async (words, env = {}) =>
    run(['partition', ...words.split(' '), ...patience(words)], {
      env: { ORDERSYNC_DATABASE_URL: ownerUrl(database.current), ...env },
    });
  return { database, partition, rows: async (words) => rowsOf(await partition(`${words} --format json`)) };
}

/** Nobody else is at work in these databases, and the machine may be too busy for the default of 150 ms. */
function patience(words: string): readonly string[] {
  return /^(?:ensure|check|detach|convert)\b/.test(words) ? ['--lock-timeout', '5s'] : [];
}

export function ownerUrl(database: SchemaDatabase): string {
  return database.urlFor({ user: 'schema_owner', password: 'schema' });
}

export function rowsOf({ stdout, stderr }: Ran): Rows {
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { data: Rows }).data;
}

/** The month that lies so many months from now, as YYYY-MM. */
export function monthFromNow(count: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + count, 1)).toISOString().slice(0, 7);
}

/** audit_logs_y2026m03 */
export function nameIn(table: string, month: string): string {
  return `${table}_y${month.replace('-', 'm')}`;
}
