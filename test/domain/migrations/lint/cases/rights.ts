import type { RuleCase } from './case.ts';
import { OUTSIDE } from './case.ts';

export const RIGHTS: readonly RuleCase[] = [
  {
    rule: 'set-for-session',
    bad: [
      "set search_path = ''",
      'set session work_mem to 1000',
      "select pg_catalog.set_config('search_path', '', false)",
      `${OUTSIDE}set a.b = 1`,
    ],
    safe: [
      'set local work_mem = 1000',
      'set constraints all deferred',
      'set transaction isolation level serializable',
      "select set_config('a.b', 'x', true)",
      'update orders set a = 1 where b = 2',
    ],
  },
  {
    rule: 'grant-to-public',
    bad: [
      'grant select on orders to public',
      'grant usage on schema public to app, public',
      'alter default privileges in schema public grant select on tables to public',
    ],
    safe: [
      'grant usage on schema public to app',
      'revoke all on orders from public',
      'grant select on orders to "public"',
    ],
  },
  {
    rule: 'security-definer-search-path',
    bad: [
      "create function f() returns void language sql security definer as 'select 1'",
      'create or replace procedure p() language plpgsql security definer as $$ begin perform 1; end $$',
      'alter function f() security definer',
    ],
    safe: ["create function f() returns void language sql security invoker as 'security definer'"],
  },
  {
    rule: 'disable-row-security',
    bad: ['alter table orders disable row level security', 'alter table orders no force row level security'],
    safe: ['alter table orders enable row level security'],
  },
  {
    rule: 'disable-trigger',
    bad: ['alter table orders disable trigger all', 'alter table orders disable trigger guard'],
    safe: ['alter table orders enable trigger guard', 'alter table orders disable rule r'],
  },
];
