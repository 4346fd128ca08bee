-- title: every password is stored as SCRAM
-- box: 보안: SSL/TLS 설정 완료
-- profiles: pre-deploy daily
-- expected: no role has an MD5 password
-- why: an MD5 hash is the password itself for whoever sees it, and is guessed quickly
-- fix: doc
-- requires: view pg_catalog.pg_authid
select 'critical' as severity,
       format('the password of %s is an MD5 hash', rolname) as evidence,
       format('\password %I', rolname) as fix
  from pg_authid where rolpassword ~ '^md5[0-9a-f]{32}$'
union all
select 'ok', format('%s passwords looked at', (select count(*) from pg_authid where rolpassword is not null)), null
 where not exists (select from pg_authid where rolpassword ~ '^md5[0-9a-f]{32}$')
 order by evidence
