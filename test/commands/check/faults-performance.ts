import type postgres from 'postgres';
import { addAuditLog } from '../../schema/rows.ts';
import { monthFromNow, nameIn } from '../partition/fixture.ts';
import type { Fault } from './fault.ts';
import { openSession, planting } from './planting.ts';
import { changingCatalogue, shiftView } from './shifted-view.ts';
import { cancelWhenStuck } from '../../support/cancelled.ts';

/** Faults of indexes, partitions and statistics. */
export const PERFORMANCE_FAULTS: readonly Fault[] = [
  {
    id: 'perf.foreign-keys',
    severity: 'warning',
    names: 'notification_logs_template_id_fkey',
    before: 'warning', // the schema itself has two of them
    plant: async () => undefined,
  },
  {
    id: 'perf.indexes',
    severity: 'warning',
    names: 'menus lacks the index idx_menus_restaurant_category',
    plant: planting('drop index idx_menus_restaurant_category'),
  },
  {
    id: 'perf.invalid-indexes',
    severity: 'warning',
    names: 'idx_users_created_at is invalid',
    plant: async ({ sql }) =>
      changingCatalogue(
        sql,
        `update pg_index set indisvalid = false where indexrelid = 'idx_users_created_at'::regclass`,
      ),
  },
  {
    id: 'perf.duplicate-indexes',
    severity: 'warning',
    names: 'once_more on public.users repeats another index',
    plant: planting('create index once_more on users (created_at)'),
  },
  {
    id: 'perf.order-list-plan',
    severity: 'warning',
    names: /no index serves it|instead/,
    plant: planting('drop index idx_orders_restaurant_status, idx_orders_active'),
  },
  {
    id: 'perf.statements',
    severity: 'warning',
    names: 'not created in this database',
    plant: planting('drop extension pg_stat_statements'),
  },
  {
    id: 'perf.cache',
    severity: 'warning',
    names: '50.0 % of 20000 blocks',
    plant: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { blks_hit: '10000::bigint', blks_read: '10000::bigint' }),
    repair: async ({ sql }) =>
      shiftView(sql, 'pg_stat_database', { blks_hit: 'original.blks_hit + 1980000', blks_read: 'original.blks_read' }),
  },
  {
    id: 'perf.partition-runway',
    severity: 'warning',
    names: 'orders: ',
    plant: async ({ sql }) => {
      for (const count of [2, 3]) await dropMonth(sql, 'orders', monthFromNow(count));
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-holes',
    severity: 'critical',
    names: 'every INSERT fails',
    plant: async ({ sql }) => dropMonth(sql, 'notification_logs', monthFromNow(1)),
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-catch-alls',
    severity: 'warning',
    names: `audit_logs_underflow: 1 row of ${monthFromNow(-4)}`,
    plant: async ({ sql }) => {
      await addAuditLog(sql, { created_at: `${monthFromNow(-4)}-10T00:00:00Z` });
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-bounds',
    severity: 'warning',
    names: 'should be called',
    plant: async ({ sql }) => {
      await sql`alter table ${sql(nameIn('payments', monthFromNow(2)))} rename to payments_2099_01`;
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-detach',
    severity: 'critical',
    names: 'its detach is unfinished',
    plant: async (site) => {
      const name = nameIn('notification_logs', monthFromNow(3));
      const reader = await openSession(
        site,
        'begin isolation level repeatable read',
        'select from notification_logs limit 1',
      );
      await cancelWhenStuck(
        site.server.urlFor('shop'),
        `alter table notification_logs detach partition ${name} concurrently`,
        async () =>
          (await site.sql`select from pg_inherits where inhrelid = ${name}::regclass and inhdetachpending`).length > 0,
      );
      await reader.close();
      return async () => {
        await site.sql`drop table if exists ${site.sql(name)}`;
        await site.ordersync('partition ensure --lock-timeout 5s');
      };
    },
    words: '--yes --lock-timeout 5s',
  },
  {
    id: 'perf.partition-drift',
    severity: 'critical',
    names: 'row security is off',
    plant: async ({ sql }) => {
      await sql`alter table ${sql(nameIn('orders', monthFromNow(1)))} disable row level security`;
    },
    words: '--yes --lock-timeout 5s',
  },
];

async function dropMonth(sql: postgres.Sql, table: string, month: string): Promise<void> {
  await sql`alter table ${sql(table)} detach partition ${sql(nameIn(table, month))}`;
  await sql`drop table ${sql(nameIn(table, month))}`;
}
