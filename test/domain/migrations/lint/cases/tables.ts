import type { RuleCase } from './case.ts';
import { OUTSIDE } from './case.ts';

export const TABLES: readonly RuleCase[] = [
  {
    rule: 'create-partition-of',
    bad: ["create table orders_y2025m01 partition of orders for values from ('2025-01-01+00') to ('2025-02-01+00')"],
    safe: [
      'create table logs (at date) partition by range (at); create table logs_1 partition of logs for values from (minvalue) to (maxvalue)',
    ],
  },
  {
    rule: 'attach-partition-without-check',
    bad: [
      "alter table logs attach partition logs_old for values from ('2025-01-01') to ('2025-02-01')",
      'create table logs_new (like logs); insert into logs_new select 1; alter table logs attach partition logs_new default',
    ],
    safe: [
      'create table logs_new (like logs including all); alter table logs attach partition logs_new for values from (1) to (2)',
      'alter table logs_old add constraint b check (a >= 1 and a < 2);-- applied\nalter table logs attach partition logs_old for values from (1) to (2)',
    ],
  },
  {
    rule: 'detach-without-concurrently',
    bad: ['alter table logs detach partition logs_old'],
    safe: ['alter table logs detach partition logs_old finalize'],
  },
  {
    rule: 'lock-table',
    bad: [
      'lock table orders',
      'lock orders in share row exclusive mode nowait',
      'lock table only orders in access exclusive mode',
    ],
    safe: ['lock table orders in access share mode', 'lock table orders in row share mode'],
  },
  {
    rule: 'refresh-without-concurrently',
    bad: ['refresh materialized view totals', 'refresh materialized view totals with data'],
    safe: ['create materialized view totals as select 1 with no data; refresh materialized view totals'],
  },
  {
    rule: 'vacuum-full',
    bad: [`${OUTSIDE}vacuum full orders`, `${OUTSIDE}vacuum (full, analyze) orders`],
    safe: [`${OUTSIDE}vacuum orders`],
  },
  {
    rule: 'cluster',
    bad: ['cluster orders using orders_pkey', 'cluster verbose orders'],
    safe: ['alter table orders cluster on orders_pkey'],
  },
  {
    rule: 'rewrite-table',
    bad: [
      'alter table orders set unlogged',
      'alter table orders set tablespace fast',
      'alter table orders set access method heap',
    ],
    safe: ['alter table orders set (fillfactor = 90)', 'alter table orders set schema archive'],
  },
];
