-- title: no session from another machine is unencrypted
-- box: 보안: SSL/TLS 설정 완료
-- profiles: pre-deploy oncall daily
-- expected: every session over TCP from another machine uses TLS
-- why: whoever listens on the network reads passwords' proofs, queries and rows
-- fix: sql
-- requires: role pg_read_all_stats
with remote as (
  select activity.pid, activity.usename, activity.client_addr, activity.application_name, coalesce(tls.ssl, false) as encrypted
    from pg_stat_activity activity
    left join pg_stat_ssl tls on tls.pid = activity.pid
   where activity.client_addr is not null and not activity.client_addr <<= '127.0.0.0/8' and activity.client_addr <> '::1'
)
select 'critical' as severity,
       format('process %s of %s from %s is not encrypted', pid, usename, client_addr) as evidence,
       format('select pg_terminate_backend(%s)', pid) as fix
  from remote where not encrypted
union all
select 'ok', format('%s sessions from other machines, all encrypted', (select count(*) from remote)), null
 where not exists (select from remote where not encrypted)
 order by evidence
