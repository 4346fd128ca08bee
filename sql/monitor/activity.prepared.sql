-- summary: prepared transactions, which outlive their session
-- empty: there are no prepared transactions
-- param: prepared_after double precision ms = 300000  age of a prepared transaction from which it is a warning
-- column: transaction text label  its global identifier
-- column: owner text label
-- column: database text label
-- column: age_ms double precision gauge ms
-- column: xmin_age bigint gauge
-- warn: age_ms >= :prepared_after  a forgotten prepared transaction keeps its locks and holds vacuum back for ever => commit prepared or rollback prepared, in its database
select
  p.gid as transaction,
  p.owner::text,
  p.database::text,
  extract(epoch from clock_timestamp() - p.prepared)::double precision * 1000 as age_ms,
  age(p.transaction)::bigint as xmin_age
from pg_prepared_xacts as p
order by p.prepared
