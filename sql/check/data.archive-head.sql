-- title: the chain of archive manifests is whole
-- box: 데이터 보존: 아카이빙 정책 수립
-- profiles: pre-deploy daily
-- expected: manifests from 1 without a gap, each as its digest says and naming the one before, and the head naming the last
-- why: a manifest that is lost or altered is a month of which nobody can prove that its archive is complete
-- fix: doc
-- requires: rows public.archive_head
-- requires: rows public.archive_manifests
with chain as (
  select sequence, digest, previous,
         lag(sequence, 1, 0::bigint) over (order by sequence) as sequence_before,
         lag(digest) over (order by sequence) as digest_before,
         encode(sha256(convert_to(manifest, 'UTF8')), 'hex') as computed
    from public.archive_manifests
),
last as (
  select coalesce(max(sequence), 0) as sequence, (array_agg(digest order by sequence desc))[1] as digest from chain
),
faults as (
  select format('%s is missing',
                case when sequence - sequence_before = 2 then format('manifest %s', sequence - 1)
                  else format('manifests %s to %s', sequence_before + 1, sequence - 1) end) as evidence
    from chain where sequence > sequence_before + 1
  union all
  select format('manifest %s is not what its digest says', sequence) from chain where computed <> digest
  union all
  select format('manifest %s was not written after manifest %s', sequence, sequence_before)
    from chain where sequence = sequence_before + 1 and previous is distinct from digest_before
  union all
  select 'archive_head is empty' where not exists (select from public.archive_head)
  union all
  select format('the head says manifest %s, and the last one is %s', head.sequence, last.sequence)
    from public.archive_head head, last where head.sequence <> last.sequence
  union all
  select format('manifest %s is not the one that the head names', last.sequence)
    from public.archive_head head, last where head.sequence = last.sequence and head.digest is distinct from last.digest
)
select 'critical' as severity, evidence,
       'ordersync archive verify says what the store has of it; put the rows of archive_manifests and archive_head back from a backup, and archive nothing before' as fix
  from faults
union all
select 'ok', case when last.sequence = 0 then 'nothing was archived yet' else format('%s manifests', last.sequence) end, null
  from last where not exists (select from faults)
 order by evidence
