-- summary: transactions, deadlocks, temporary files and size of this database
-- example: ordersync monitor export
-- column: database text label
-- column: commits bigint counter  transactions committed
-- column: rollbacks bigint counter  transactions rolled back
-- column: deadlocks bigint counter  deadlocks found
-- column: conflicts bigint counter  statements cancelled on a standby because of recovery
-- column: temp_files bigint counter  temporary files written
-- column: temp_bytes bigint counter bytes  size of the temporary files written
-- column: checksum_failures bigint counter  pages whose checksum was wrong; absent where checksums are off
-- column: size_bytes bigint gauge bytes  size on disk
-- metrics: database by database
select
  d.datname::text as database,
  d.xact_commit as commits,
  d.xact_rollback as rollbacks,
  d.deadlocks,
  d.conflicts,
  d.temp_files,
  d.temp_bytes,
  d.checksum_failures,
  pg_database_size(d.datid) as size_bytes
from pg_stat_database as d
where d.datname = current_database()
