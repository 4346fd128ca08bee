-- title: nobody may change or empty the audit log
-- box: 보안: 감사 로그 트리거 설정
-- profiles: pre-deploy daily
-- expected: no UPDATE, DELETE or TRUNCATE on audit_logs for anybody but its owner and, for the ciphertext pairs and their hash, ordersync_rotator
-- why: whoever may change the log can hide what he did
-- fix: sql
-- requires: table public.audit_logs
with logs as (
  select relation.oid, relation.relname, relation.relacl, relation.relowner
    from pg_class relation
   where relation.relnamespace = (select oid from pg_namespace where nspname = 'public')
     and (relation.relname in ('audit_logs', 'audit_logs_archive')
          or relation.oid in (select relid from pg_partition_tree('public.audit_logs'::regclass)))
),
granted as (
  select logs.relname, granted.grantee, granted.privilege_type, null::text as column_name
    from logs, aclexplode(logs.relacl) granted
   where granted.grantee <> logs.relowner and granted.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
  union all
  select logs.relname, granted.grantee, granted.privilege_type, attribute.attname::text
    from logs
    join pg_attribute attribute on attribute.attrelid = logs.oid and attribute.attnum > 0 and not attribute.attisdropped
   cross join lateral aclexplode(attribute.attacl) granted
   where granted.grantee <> logs.relowner and granted.privilege_type = 'UPDATE'
     and not (granted.grantee = (select oid from pg_roles where rolname = 'ordersync_rotator')
              -- The hash is renewed with the key of its blind index.
             and attribute.attname in ('ip_hash', 'ip_address_encrypted', 'ip_key_id', 'user_agent_encrypted', 'ua_key_id',
                                        'old_value_encrypted', 'old_value_key_id', 'new_value_encrypted', 'new_value_key_id'))
),
named as (
  select granted.*, case granted.grantee when 0 then 'public' else format('%I', pg_get_userbyid(granted.grantee)) end as role
    from granted
)
select 'critical' as severity,
       format('%s may %s %s', role, lower(privilege_type),
              case when column_name is null then relname else format('%s.%s', relname, column_name) end) as evidence,
       format('revoke %s%s on public.%I from %s', lower(privilege_type),
              case when column_name is null then '' else format(' (%I)', column_name) end, relname, role) as fix
  from named
union all
select 'ok', 'no such grant', null where not exists (select from named)
 order by evidence
