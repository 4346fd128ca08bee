import type postgres from 'postgres';
import type { Session } from '../../../src/db/session.ts';
import { readColumns } from '../../../src/domain/archive/content/columns.ts';
import type { ArchiveSource } from '../../../src/domain/archive/content/content.ts';

/** A table with a column of every type that an archive holds, filled with what is easily lost. */
export async function createEveryType(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    create type colour as enum ('빨강', 'green');
    create domain short_text as varchar(40) check (value <> 'no');
    create domain percent as numeric(5, 2);
    create table every_type (
      id uuid primary key, created_at timestamptz not null,
      words text, name varchar(100), secret_encrypted text, note jsonb, amount numeric, day date, flag boolean,
      small smallint, number integer, big bigint, ratio double precision, shade colour, label short_text, share percent, never text
    )`);
}

export async function fillEveryType(sql: postgres.Sql, rows: number): Promise<void> {
  await sql`
    insert into every_type
    select gen_random_uuid(),
           '2025-01-31 22:30:00.000001Z'::timestamptz + n * interval '4.234567 seconds',
           case n % 5 when 0 then null when 1 then '' when 2 then '안녕하세요 ' || n when 3 then repeat('긴', n % 3000) else E'tab\t"quote" \\ ' || n end,
           case when n % 7 = 0 then null else 'CREATE_' || n % 6 end,
           case n % 4 when 0 then null when 1 then 'none' else 'os1_' || (array['AAAAAAAA', 'k-_9zzzz'])[1 + n % 2] || md5(n::text) || md5(n::text) end,
           case when n % 3 = 0 then null else jsonb_build_object('이름', n, 'list', jsonb_build_array(n, null, 1.50, '끝')) end,
           (array[null, 'NaN', 'Infinity', '-Infinity', '0', '0.000', '-0.00012', '12345678901234567890.123400', '10000', '1e40', '-9999.5'])[1 + n % 11]::numeric,
           (array[null, '1970-01-01', '0044-03-15 BC', '9999-12-31', '2000-02-29'])[1 + n % 5]::date,
           (array[null, true, false])[1 + n % 3],
           (array[null, -32768, 32767, n % 1000])[1 + n % 4]::smallint,
           (array[null, -2147483648, 2147483647, n])[1 + n % 4]::integer,
           (array[null, -9223372036854775808, 9223372036854775807, n])[1 + n % 4]::bigint,
           (array[null, 'NaN', '-Infinity', '0.1', '-0', '5e-324', '1.7976931348623157e308'])[1 + n % 7]::double precision,
           (array[null, '빨강', 'green'])[1 + n % 3]::colour,
           case when n % 2 = 0 then null else '라벨 ' || n % 300 end,
           (array[null, '0.10', '-100', '99.99'])[1 + n % 4]::numeric
      from generate_series(1, ${rows}) n`;
}

export async function everyTypeSource(session: Session, changes: Partial<ArchiveSource> = {}): Promise<ArchiveSource> {
  return {
    table: 'every_type',
    columns: await readColumns(session.sql, { schema: 'public', name: 'every_type' }),
    timeColumn: 'created_at',
    orderedBy: ['created_at', 'id'],
    from: 'from "public"."every_type" as source',
    ...changes,
  };
}
