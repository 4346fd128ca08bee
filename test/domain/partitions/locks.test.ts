import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planEnsure } from '../../../src/domain/partitions/ensure/read.ts';
import { monthOf, monthsLater, partitionName } from '../../../src/domain/partitions/month.ts';
import { PARTITIONED_TABLES } from '../../../src/domain/partitions/table.ts';
import { addAuditLog } from '../../schema/rows.ts';
import { testContext } from '../../support/context.ts';
import { useSchema } from '../../support/schema.ts';

const MODES = ['ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock'];

describe('the locks that a plan states are those the server takes', () => {
  const database = useSchema();
  const thisMonth = monthOf(Date.now());
  const ahead = (months: number) => ({ from: thisMonth, to: monthsLater(thisMonth, months) });

  /** Table → strongest lock, in the words of the manual, of a plan's one step run in a transaction that is rolled back. */
  async function compare(table: string, span: ReturnType<typeof ahead>) {
    const url = database.current.urlFor({ user: 'schema_owner', password: 'schema' });
    const ctx = testContext(url);
    const [plan] = await planEnsure(await ctx.db.session(), { tables: [table], span });
    const [step] = plan?.steps ?? [];
    expect(plan?.steps).toHaveLength(1);
    const stated = Object.fromEntries(
      (step?.locks ?? []).flatMap(({ mode, tables }) => tables.map((name) => [name, mode])),
    );
    const sql = postgres(url, { max: 1 });
    onTestFinished(async () => sql.end());
    const held = await sql.reserve();
    await held`begin`;
    await held.unsafe(step?.sql ?? '');
    const rows = await held<{ name: string; mode: string }[]>`
      select relname as name, mode
      from pg_locks join pg_class on pg_class.oid = relation
      where pid = pg_backend_pid() and relkind in ('r', 'p') and mode = any (${MODES})
        and relname in (select relname from unnest(${Object.keys(stated)}::text[]) relname
                        union select relname from pg_class where not relispartition and relnamespace = 'public'::regnamespace)
      order by array_position(${MODES}, mode)`;
    await held`rollback`;
    held.release();
    const taken = Object.fromEntries(
      rows.map(({ name, mode }) => [
        name,
        mode
          .replace(/Lock$/, '')
          .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
          .toUpperCase(),
      ]),
    );
    return { stated, taken };
  }

  test.each(PARTITIONED_TABLES)('%s: a month ahead, which moves the overflow', async (table) => {
    const { stated, taken } = await compare(table, ahead(4));
    expect(taken).toEqual(stated);
    expect(stated[`${table}_overflow`]).toBe('ACCESS EXCLUSIVE');
  });

  test.each(PARTITIONED_TABLES)('%s: a hole, beside which nothing moves', async (table) => {
    const owner = database.current.as('owner');
    const month = partitionName(table, monthsLater(thisMonth, 1));
    await owner`alter table ${owner(table)} detach partition ${owner(month)}`;
    await owner`drop table ${owner(month)}`;
    const { stated, taken } = await compare(table, ahead(3));
    expect(taken).toEqual(stated);
    expect(stated[table]).toBe('SHARE UPDATE EXCLUSIVE');
    await owner`select public.ensure_month_partitions(${table}::regclass, now()::date, (now() + interval '3 months')::date)`;
  });

  test('audit_logs: a month ahead of an overflow that holds rows', async () => {
    await addAuditLog(database.current.as('owner'), { created_at: '2999-01-01' });
    const { stated, taken } = await compare('audit_logs', ahead(4));
    expect(taken).toEqual(stated);
    expect(stated['users']).toBe('ACCESS EXCLUSIVE');
  });
});
