-- summary: checkpoints
-- param: requested double precision ratio = 0.3  share of checkpoints that WAL volume forced from which it is a warning
-- column: timed bigint counter  by checkpoint_timeout
-- column: requested bigint counter  by max_wal_size, or by hand
-- column: requested_ratio double precision gauge ratio
-- column: write_ms double precision counter ms
-- column: sync_ms double precision counter ms
-- column: buffers bigint counter  written by checkpoints
-- column: total bigint counter wide
-- column: since timestamp with time zone label
-- metrics: checkpoints
-- unknown: total < 10  too few checkpoints to judge by => look again later
-- warn: requested_ratio > :requested  WAL volume forces checkpoints => raise max_wal_size
-- body: when column pg_stat_checkpointer.num_timed
select
  c.num_timed as timed,
  c.num_requested as requested,
  c.num_requested::double precision / nullif(c.num_timed + c.num_requested, 0) as requested_ratio,
  c.write_time as write_ms,
  c.sync_time as sync_ms,
  c.buffers_written as buffers,
  c.num_timed + c.num_requested as total,
  c.stats_reset as since
from pg_stat_checkpointer as c
-- body: otherwise
select
  b.checkpoints_timed as timed,
  b.checkpoints_req as requested,
  b.checkpoints_req::double precision / nullif(b.checkpoints_timed + b.checkpoints_req, 0) as requested_ratio,
  b.checkpoint_write_time as write_ms,
  b.checkpoint_sync_time as sync_ms,
  b.buffers_checkpoint as buffers,
  b.checkpoints_timed + b.checkpoints_req as total,
  b.stats_reset as since
from pg_stat_bgwriter as b
