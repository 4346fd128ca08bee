-- title: row security is on where the schema protects rows
-- box: 보안: Row Level Security 설정 완료
-- profiles: pre-deploy daily
-- expected: enabled on ten tables
-- why: a policy protects nothing while row security is off: every user would see every row
-- fix: sql
-- requires: table public.orders
select case when relation.relrowsecurity then 'ok' else 'critical' end as severity,
       format('%s: row security is %s', wanted.name, case when relation.relrowsecurity then 'on' else 'off' end) as evidence,
       case when not relation.relrowsecurity
         then format('alter table %I.%I enable row level security', namespace.nspname, relation.relname) end as fix
  from unnest(array['user_sessions', 'restaurants', 'menus', 'orders', 'order_items', 'order_status_history', 'payments',
                    'payment_events', 'payment_refunds', 'notification_logs']) wanted (name)
  join pg_class relation on relation.relname = wanted.name
  join pg_namespace namespace on namespace.oid = relation.relnamespace and namespace.nspname = 'public'
 order by wanted.name
