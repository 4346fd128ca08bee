import type postgres from 'postgres';
import type { TextRow } from './stored.ts';

/** Tables whose rows an archive moves, and what tells their rows apart. */
export const TABLES = [
  'audit_logs',
  'audit_logs_archive',
  'notification_logs',
  'orders',
  'order_items',
  'order_status_history',
  'payments',
  'payment_refunds',
  'payment_events',
  'payment_order_keys',
] as const;
export type Table = (typeof TABLES)[number];

export function idOf(table: string, row: TextRow): string {
  return row[table === 'payment_order_keys' ? 'payment_id' : 'id'] ?? '';
}

/** Makes a copy of all rows there are now; nothing that an archive does touches it. */
export async function createShadow(sql: postgres.Sql): Promise<void> {
  await sql`create table shadow (table_name text, id text, row jsonb, primary key (table_name, id))`;
  for (const table of TABLES) await shadowRows(sql, table);
}

/** Adds the rows of a table that the copy lacks. @param where a condition of this test's own */
export async function shadowRows(sql: postgres.Sql, table: Table, where = 'true'): Promise<void> {
  for (const { row } of await readRows(sql, table, table, where)) {
    await sql`
      insert into shadow (table_name, id, row) values (${table}, ${idOf(table, row)}, ${sql.json(row)})
      on conflict (table_name, id) do update set row = excluded.row`;
  }
}

export async function readShadow(sql: postgres.Sql, table: Table): Promise<ReadonlyMap<string, TextRow>> {
  const rows = await sql<{ id: string; row: TextRow }[]>`select id, row from shadow where table_name = ${table}`;
  return new Map(rows.map(({ id, row }) => [id, row]));
}

/** Rows in the table, and in months of it that stand alone. */
export async function readLiveRows(sql: postgres.Sql, table: Table): Promise<readonly TextRow[]> {
  const alone = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and not relispartition
      and relname ~ ${`^${table}_y\\d{4}m\\d\\d(_detached)?$`}
    order by 1`;
  const rows: TextRow[] = [];
  for (const name of [table, ...alone.map((one) => one.name)]) {
    rows.push(...(await readRows(sql, table, name, 'true')).map(({ row }) => row));
  }
  return rows;
}

/** Every value as text that is the same in the archive: times in microseconds since 1970. */
async function readRows(sql: postgres.Sql, table: Table, from: string, where: string) {
  const columns = await sql<{ name: string; type: string }[]>`
    select attname as name, atttypid::regtype::text as type
    from pg_attribute where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`;
  const values = columns.map(({ name, type }) =>
    type === 'timestamp with time zone'
      ? `'${name}', (extract(epoch from "${name}") * 1000000)::bigint::text`
      : `'${name}', "${name}"::text`,
  );
  return sql.unsafe<{ row: TextRow }[]>(
    `select jsonb_build_object(${values.join(', ')}) as row from "${from}" where ${where}`,
  );
}
