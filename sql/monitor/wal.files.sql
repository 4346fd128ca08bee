-- summary: the folder of WAL files
-- requires: function pg_ls_waldir()
-- param: overfull double precision = 2  size in multiples of max_wal_size from which it is a warning
-- column: files bigint gauge
-- column: size_bytes bigint gauge bytes
-- column: max_wal_size bigint gauge bytes
-- column: of_maximum double precision gauge
-- metrics: wal_files
-- warn: of_maximum >= :overfull  WAL is kept that checkpoints alone would have removed => ordersync monitor replication shows slots; wal_keep_size and a failing archive_command keep it too
select
  count(*) as files,
  sum(w.size)::bigint as size_bytes,
  m.bytes as max_wal_size,
  sum(w.size)::double precision / nullif(m.bytes, 0) as of_maximum
from pg_ls_waldir() as w
cross join (select pg_size_bytes(current_setting('max_wal_size')) as bytes) as m
group by m.bytes
