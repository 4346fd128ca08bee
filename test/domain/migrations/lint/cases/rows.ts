import type { RuleCase } from './case.ts';

export const ROWS: readonly RuleCase[] = [
  {
    rule: 'drop-column',
    bad: ['alter table orders drop column note', 'alter table orders add a int, drop if exists note'],
    safe: [
      'alter table orders drop constraint c',
      'alter table orders alter column a drop default',
      'alter table orders alter a drop expression',
    ],
  },
  {
    rule: 'drop-table',
    bad: ['drop table orders', 'drop table if exists public.orders', 'drop schema app', 'drop owned by app'],
    safe: ['create table t (a int); drop table t', 'drop function f()'],
  },
  {
    rule: 'drop-cascade',
    bad: [
      'drop table orders cascade',
      'drop type kind cascade',
      'alter table orders drop column a cascade',
      'truncate orders cascade',
    ],
    safe: [
      'alter table a add constraint f foreign key (x) references b on delete cascade not valid',
      'drop table "cascade"',
    ],
  },
  {
    rule: 'truncate',
    bad: ['truncate orders', 'truncate table only orders, users restart identity'],
    safe: ['create table t (a int); truncate t'],
  },
  {
    rule: 'write-without-where',
    bad: ['update orders set a = 1', 'delete from only orders', 'update orders set a = (select 1 where true)'],
    safe: ['update orders set a = 1 where id = 7', 'create table t (a int); update t set a = 1'],
  },
  {
    rule: 'backfill-with-ddl',
    bad: [
      "alter table orders add column kind text; update orders set kind = 'x' where kind is null",
      'alter table orders add column a int; insert into totals (a) select a from orders',
    ],
    safe: [
      "update orders set kind = 'x' where kind is null; alter table orders add column b int",
      "alter table orders add column kind text; insert into kinds (name) values ('x')",
      'create table t (a int); alter table t add column b int; update orders set a = 1 where id = 7',
    ],
  },
];
