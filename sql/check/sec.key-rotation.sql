-- title: no key rotation has stopped half way
-- box: 보안: 모든 민감 데이터 암호화 확인
-- profiles: pre-deploy daily
-- expected: no key is ROTATING for more than 7 days
-- why: until a rotation has ended, two keys are needed to read the data, and the older one cannot be retired
-- fix: command
-- requires: rows public.encryption_keys
with rotating as (
  select older.key_id, older.key_type, floor(extract(epoch from now() - newer.created_at) / 86400)::integer as days
    from public.encryption_keys older
    join public.encryption_keys newer on newer.key_type = older.key_type and newer.status = 'ACTIVE'
   where older.status = 'ROTATING'
)
select case when days > 7 then 'warning' else 'ok' end as severity,
       format('%s is being rotated for %s days', key_id, days) as evidence,
       case when days > 7 then format('ordersync key rotate --type %s --resume', key_type) end as fix
  from rotating
union all
select 'ok', 'no rotation is under way', null where not exists (select from rotating)
 order by evidence
