-- summary: age of the active encryption keys, and keys by status
-- example: ordersync monitor export
-- requires: table public.encryption_keys
-- column: key_type text label
-- column: age_ms double precision gauge ms  age of the active key; absent when there is none
-- column: active bigint gauge  keys that encrypt; exactly one is right
-- column: rotating bigint gauge  keys whose values are being re-encrypted
-- column: retired bigint gauge  keys that only archives and backups need
-- metrics: key by key_type
select
  t.key_type,
  extract(epoch from now() - min(k.created_at) filter (where k.status = 'ACTIVE'))::double precision * 1000 as age_ms,
  count(*) filter (where k.status = 'ACTIVE') as active,
  count(*) filter (where k.status = 'ROTATING') as rotating,
  count(*) filter (where k.status = 'RETIRED') as retired
from (values ('pii'), ('payment'), ('business')) as t (key_type)
left join public.encryption_keys as k on k.key_type = t.key_type
group by t.key_type
order by t.key_type
