-- summary: how much WAL is written, checkpoints, archiving, and the room that WAL takes
-- title: WAL written
-- description: Checkpoints that WAL volume forced, and not the clock, mean that max_wal_size is small for what is written.
-- example: ordersync monitor wal
-- example: ordersync monitor wal --window 1min --check
-- param: baseline text  counters of an earlier snapshot
-- column: records bigint counter
-- column: full_page_images bigint counter
-- column: wal_bytes bigint counter bytes
-- column: per_second bigint gauge bytes  bytes a second
-- column: buffers_full bigint counter  how often WAL was written because its buffers were full
-- column: since timestamp with time zone label  when counting began
-- metrics: wal
-- body: otherwise
select
  c.records,
  c.images as full_page_images,
  c.bytes::bigint as wal_bytes,
  (c.bytes / nullif(extract(epoch from clock_timestamp() - c.since), 0))::bigint as per_second,
  c.full as buffers_full,
  c.since
from pg_stat_wal as w
cross join lateral (
  select
    w.wal_records - coalesce(($1::text::jsonb ->> 'records')::bigint, 0) as records,
    w.wal_fpi - coalesce(($1::text::jsonb ->> 'images')::bigint, 0) as images,
    w.wal_bytes - coalesce(($1::text::jsonb ->> 'bytes')::numeric, 0) as bytes,
    w.wal_buffers_full - coalesce(($1::text::jsonb ->> 'full')::bigint, 0) as full,
    coalesce(($1::text::jsonb ->> 'at')::timestamptz, w.stats_reset) as since
) as c
-- body: snapshot
select jsonb_build_object(
  'records', w.wal_records, 'images', w.wal_fpi, 'bytes', w.wal_bytes, 'full', w.wal_buffers_full, 'at', clock_timestamp())::text
from pg_stat_wal as w
