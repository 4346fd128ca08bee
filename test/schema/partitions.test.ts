import postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { failureOf, sqlstateOf, useSchema } from '../support/schema.ts';

const TABLES = ['orders', 'payments', 'audit_logs', 'notification_logs'] as const;

interface Range {
  readonly partition: string;
  readonly start: string;
  readonly end: string;
}

async function readRanges(sql: postgres.Sql, table: string): Promise<readonly Range[]> {
  return sql<Range[]>`
    select partition::text as partition, (range_start at time zone 'UTC')::text as start,
      (range_end at time zone 'UTC')::text as end
    from month_partition_ranges(${table}::regclass)`;
}

/** Names of the months created. */
async function ensure(sql: postgres.Sql, from: string, to: string, table?: string): Promise<readonly string[]> {
  const created = await (table === undefined
    ? sql<
        { name: string }[]
      >`select partition_name as name from ensure_month_partitions(${from}::text::date, ${to}::text::date)`
    : sql<{ name: string }[]>`
        select partition_name as name from ensure_month_partitions(${table}::regclass, ${from}::text::date, ${to}::text::date)`);
  return created.map(({ name }) => name);
}

/** Where one range does not begin at the end of the one before. */
function gapsIn(ranges: readonly Range[]): readonly string[] {
  const starts = [...ranges.map(({ start }) => start), 'infinity'];
  const ends = ['-infinity', ...ranges.map(({ end }) => end)];
  return starts.flatMap((start, index) => (start === ends[index] ? [] : [`${ends[index]} to ${start}`]));
}

describe('months after the migrations', () => {
  const database = useSchema();

  test.each(TABLES)('%s has this month, three ahead, and catch-alls on both sides', async (table) => {
    const sql = database.current.as('owner');
    const ranges = await readRanges(sql, table);
    const [now] = await sql<{ month: string; end: string }[]>`
      select date_trunc('month', now() at time zone 'UTC')::text as month,
        (date_trunc('month', now() at time zone 'UTC') + interval '4 months')::text as end`;
    expect(gapsIn(ranges)).toEqual([]);
    expect(ranges).toHaveLength(6);
    expect(ranges[0]).toMatchObject({ partition: `${table}_underflow`, end: now?.month });
    expect(ranges[1]?.partition).toBe(`${table}_y${now?.month.slice(0, 4)}m${now?.month.slice(5, 7)}`);
    expect(ranges.at(-1)).toMatchObject({ partition: `${table}_overflow`, start: now?.end });
  });

  test('asked for again, they are left as they are, without a lock', async () => {
    const sql = database.current.as('owner');
    const locks = await sql.begin(async (transaction) => {
      await transaction`select from ensure_month_partitions((now() at time zone 'UTC')::date, (now() at time zone 'UTC')::date)`;
      return transaction`
        select relation::regclass, mode from pg_locks
        where pid = pg_backend_pid() and locktype = 'relation' and mode <> 'AccessShareLock'`;
    });
    expect(locks).toEqual([]);
  });
});

describe('ensure_month_partitions', () => {
  const database = useSchema();
  let sql: postgres.Sql;
  beforeEach(() => {
    sql = database.current.as('owner');
  });

  test('makes past months and future months, and every month between them and the ones there are', async () => {
    const past = await ensure(sql, '2025-11-30', '2025-12-01', 'audit_logs');
    expect(past.slice(0, 3)).toEqual([
      'public.audit_logs_y2025m11',
      'public.audit_logs_y2025m12',
      'public.audit_logs_y2026m01',
    ]);
    const [later] = await sql<
      { day: string }[]
    >`select (now() at time zone 'UTC' + interval '6 months')::date::text as day`;
    expect(await ensure(sql, later!.day, later!.day, 'audit_logs')).toHaveLength(3);
    expect(await ensure(sql, '2025-11-01', later!.day, 'audit_logs')).toEqual([]);
    expect(gapsIn(await readRanges(sql, 'audit_logs'))).toEqual([]);
  });

  test('does so for all four tables, and returns what it made', async () => {
    const created = await sql<{ partition_name: string; range_start: Date; range_end: Date; moved_rows: string }[]>`
      select partition_name, range_start, range_end, moved_rows
      from ensure_month_partitions('2025-10-05', '2025-10-05')
      where partition_name like '%m10'`;
    expect(created.filter(({ partition_name: name }) => name.includes('y2025'))).toEqual(
      TABLES.map((table) => ({
        partition_name: `public.${table}_y2025m10`,
        range_start: new Date('2025-10-01T00:00:00Z'),
        range_end: new Date('2025-11-01T00:00:00Z'),
        moved_rows: '0',
      })),
    );
    for (const table of TABLES) expect(gapsIn(await readRanges(sql, table))).toEqual([]);
  });

  test.each(['UTC', 'Asia/Seoul', 'America/New_York', 'Pacific/Kiritimati'])(
    'makes UTC months in a session whose time zone is %s and whose dates are written day first',
    async (zone) => {
      const month = `2025-0${['UTC', 'Asia/Seoul', 'America/New_York', 'Pacific/Kiritimati'].indexOf(zone) + 2}-01`;
      await sql.begin(async (transaction) => {
        await transaction`select set_config('timezone', ${zone}, true), set_config('datestyle', 'SQL, DMY', true)`;
        await transaction`select from ensure_month_partitions(${month}::date, ${month}::date)`;
      });
      for (const table of TABLES) {
        const ranges = await readRanges(sql, table);
        expect(gapsIn(ranges)).toEqual([]);
        expect(ranges.find(({ start }) => start === `${month} 00:00:00`)).toBeDefined();
      }
    },
  );

  test('gives each partition the statement triggers and row security of its parent, and grants to nobody', async () => {
    await sql`alter default privileges grant all on tables to application_role`;
    await ensure(sql, '2025-01-01', '2025-01-01');
    await sql`alter default privileges revoke all on tables from application_role`;
    const partitions = await sql<{ name: string; triggers: string; rls: boolean; granted: boolean }[]>`
      select relname as name, relrowsecurity as rls,
        (select count(*) from pg_trigger where tgrelid = pg_class.oid and tgname like 'audit_logs_guard%' and tgenabled = 'A')
          as triggers,
        has_table_privilege('application_role', pg_class.oid, 'select, insert, update, delete, truncate')
          or has_any_column_privilege('application_role', pg_class.oid, 'select, insert, update') as granted
      from pg_class
      where relname like '%y2025m01' and relkind = 'r'
      order by relname`;
    expect(partitions).toEqual([
      { name: 'audit_logs_y2025m01', triggers: '4', rls: false, granted: false },
      { name: 'notification_logs_y2025m01', triggers: '0', rls: true, granted: false },
      { name: 'orders_y2025m01', triggers: '0', rls: true, granted: false },
      { name: 'payments_y2025m01', triggers: '0', rls: true, granted: false },
    ]);
  });

  test('names a table that has the name of a month and is none', async () => {
    await sql`create table notification_logs_y2024m12 (id uuid)`;
    expect(await failureOf(ensure(sql, '2024-12-01', '2024-12-01', 'notification_logs'))).toMatchObject({
      code: '42P07',
      message: 'relation public.notification_logs_y2024m12 already exists and does not hold the month 2024-12',
      hint: 'attach it to notification_logs with the bounds of that month, or rename it',
    });
    await sql`drop table notification_logs_y2024m12`;
    expect(await ensure(sql, '2024-12-01', '2024-12-01', 'notification_logs')).toEqual([
      'public.notification_logs_y2024m12',
    ]);
  });

  test('reads months from bounds, not from names', async () => {
    await sql`alter table notification_logs_y2024m12 rename to notification_logs_2024_12`;
    expect(await ensure(sql, '2024-12-01', '2024-12-01', 'notification_logs')).toEqual([]);
  });

  test('names a partition whose bounds are no months', async () => {
    await sql`
      create table notification_logs_seoul (like notification_logs including all)`;
    await sql`alter table notification_logs detach partition notification_logs_underflow`;
    await sql`
      alter table notification_logs attach partition notification_logs_seoul
      for values from ('2024-11-01 00:00:00+09') to ('2024-12-01 00:00:00+00')`;
    expect(await failureOf(ensure(sql, '2024-10-01', '2024-11-01', 'notification_logs'))).toMatchObject({
      code: '55000',
      message: 'notification_logs_seoul holds only part of the month 2024-10',
    });
  });

  test('makes a missing catch-all anew when it makes months', async () => {
    await sql`alter table notification_logs detach partition notification_logs_seoul`;
    await sql`drop table notification_logs_seoul, notification_logs_underflow`;
    await ensure(sql, '2024-11-01', '2024-11-01', 'notification_logs');
    expect(gapsIn(await readRanges(sql, 'notification_logs'))).toEqual([]);
  });

  test.each([
    ['2026-03-01', '2026-02-01', '22023'],
    ['1969-12-01', '2026-02-01', '22023'],
    ['2026-01-01', 'infinity', '22023'],
    ['2026-01-01', '9999-12-01', '54000'],
  ])('refuses months from %s to %s', async (from, to, code) => {
    expect(await sqlstateOf(ensure(sql, from, to, 'orders'))).toBe(code);
  });

  test('of two calls at one moment the second waits, and finds nothing to do', async () => {
    const other = postgres(database.current.urlFor({ user: 'schema_owner', password: 'schema' }), { max: 1 });
    try {
      const [one, two] = await Promise.all([
        ensure(sql, '2024-08-01', '2024-08-01', 'payments'),
        ensure(other, '2024-08-01', '2024-08-01', 'payments'),
      ]);
      expect([one, two].filter((months) => months.length > 0)).toHaveLength(1);
    } finally {
      await other.end();
    }
  });
});
