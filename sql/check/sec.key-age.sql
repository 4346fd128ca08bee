-- title: active keys are rotated in time
-- box: 보안: 모든 민감 데이터 암호화 확인
-- profiles: pre-deploy daily
-- expected: no active key is older than 90 days
-- why: the longer a key is used, the more is lost with it
-- fix: command
-- requires: rows public.encryption_keys
select case when age.days > 180 then 'critical' when age.days > 90 then 'warning' else 'ok' end as severity,
       format('%s is %s days old', keys.key_id, age.days) as evidence,
       case when age.days > 90 then format('ordersync key rotate --type %s', keys.key_type) end as fix
  from public.encryption_keys keys
 cross join lateral (select floor(extract(epoch from now() - keys.created_at) / 86400)::integer) age (days)
 where keys.status = 'ACTIVE'
union all
select 'unknown', 'there is no active key', 'ordersync key create'
 where not exists (select from public.encryption_keys where status = 'ACTIVE')
 order by evidence
