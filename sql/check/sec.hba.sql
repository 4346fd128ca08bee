-- title: pg_hba.conf lets nobody in without TLS and SCRAM
-- box: 보안: SSL/TLS 설정 완료
-- profiles: pre-deploy daily
-- expected: for addresses other than this machine only hostssl with scram-sha-256 or cert, and no line with an error
-- why: one plain "host" line lets unencrypted connections in, however many "hostssl" lines stand beside it
-- fix: doc
-- requires: function pg_catalog.pg_hba_file_rules()
-- requires: view pg_catalog.pg_hba_file_rules
with rules as (
  select line_number, type, address, auth_method, error,
         type = 'local' or address in ('127.0.0.1', '::1', 'localhost', 'samehost') as is_local
    from pg_hba_file_rules
),
faults as (
  select line_number, 'critical' as severity, format('line %s cannot be read: %s', line_number, error) as evidence
    from rules where error is not null
  union all
  select line_number, 'critical', format('line %s lets %s in without TLS', line_number, address)
    from rules where error is null and not is_local and type in ('host', 'hostnossl', 'hostnogssenc') and auth_method <> 'reject'
  union all
  select line_number, 'critical', format('line %s asks %s for %s', line_number, address, auth_method)
    from rules
   where error is null and not is_local and type not in ('host', 'hostnossl', 'hostnogssenc')
     and auth_method in ('trust', 'password', 'md5', 'ident')
)
select severity, evidence,
       'replace the line as in sql/config/pg_hba.conf (hostssl, scram-sha-256), then: select pg_reload_conf()' as fix
  from faults
union all
select 'ok', format('%s lines looked at', (select count(*) from rules)), null where not exists (select from faults)
 order by evidence
