-- title: every index is valid
-- box: 성능: 주요 쿼리 인덱스 생성 확인
-- profiles: pre-deploy oncall daily
-- expected: no invalid index outside of a CREATE INDEX CONCURRENTLY at work
-- why: an invalid index costs every write and serves no query
-- fix: sql
with invalid as (
  select index.indexrelid::regclass as name, relation.relkind
    from pg_index index
    join pg_class relation on relation.oid = index.indexrelid
   where not index.indisvalid
     and not exists (select from pg_stat_progress_create_index progress where progress.index_relid = index.indexrelid)
)
select 'warning' as severity,
       format('%s is invalid%s', name, case when relkind = 'I' then ': not every partition has it' else '' end) as evidence,
       case when relkind = 'I' then format('drop index %s', name) else format('reindex index concurrently %s', name) end as fix
  from invalid
union all
select 'ok', format('%s indexes looked at', (select count(*) from pg_index)), null where not exists (select from invalid)
 order by evidence
