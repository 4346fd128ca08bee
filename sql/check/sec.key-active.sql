-- title: there is one active key of each type
-- box: 보안: 모든 민감 데이터 암호화 확인
-- profiles: pre-deploy oncall daily
-- expected: one ACTIVE key with a data key for pii, payment and business
-- why: without an active key the application can write no value of that type
-- fix: command
-- requires: rows public.encryption_keys
-- requires: rows public.encryption_data_keys
select case when count(data.kid) filter (where keys.status = 'ACTIVE') = 1 then 'ok' else 'critical' end as severity,
       format('%s: %s active', wanted.type, count(data.kid) filter (where keys.status = 'ACTIVE')) as evidence,
       case when count(data.kid) filter (where keys.status = 'ACTIVE') <> 1
         then format('ordersync key create --type %s', wanted.type) end as fix
  from unnest(array['pii', 'payment', 'business']) wanted (type)
  left join public.encryption_keys keys on keys.key_type = wanted.type
  left join public.encryption_data_keys data on data.encryption_key_id = keys.id and data.wrapped_key is not null
 group by wanted.type
 order by wanted.type
