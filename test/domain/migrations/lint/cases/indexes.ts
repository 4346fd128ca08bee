import type { RuleCase } from './case.ts';
import { OUTSIDE } from './case.ts';

export const INDEXES: readonly RuleCase[] = [
  {
    rule: 'create-index-without-concurrently',
    bad: [
      'create index orders_at on orders (created_at)',
      'create unique index if not exists orders_at on only public.orders using btree (lower(note)) where note is not null',
      'create index on "Orders" (a)',
    ],
    safe: [
      'create table orders (a int); create index on public.orders (a)',
      'create materialized view totals as select 1 as a; create unique index on totals (a)',
      'alter table a rename to b; -- create index on orders (a)',
      "select 'create index on orders (a)'",
    ],
  },
  {
    rule: 'drop-index-without-concurrently',
    bad: ['drop index orders_at', 'drop index if exists public.orders_at'],
    safe: ['create table t (a int); create index i on t (a); drop index i'],
  },
  {
    rule: 'reindex-without-concurrently',
    bad: ['reindex table orders', 'reindex (verbose) index orders_at', 'reindex index public.orders_at'],
    safe: [`${OUTSIDE}reindex (verbose) table concurrently orders`, `${OUTSIDE}reindex system db`],
  },
  {
    rule: 'concurrently-in-transaction',
    bad: [
      'create index concurrently i on orders (a)',
      'vacuum orders',
      'alter table o detach partition p concurrently',
    ],
    safe: ['refresh materialized view concurrently totals'],
  },
  {
    rule: 'concurrently-if-not-exists',
    bad: [`${OUTSIDE}create unique index concurrently if not exists i on orders (a)`],
    safe: ['create index if not exists i on orders (a)', `${OUTSIDE}drop index concurrently if exists i`],
  },
  {
    rule: 'mixed-without-transaction',
    bad: [`${OUTSIDE}create index concurrently i on orders (a); update orders set a = 1 where id = 7`],
    safe: [`${OUTSIDE}set a.b = 1; create index concurrently i on orders (a); reset a.b`, `${OUTSIDE}call fill()`],
  },
];
