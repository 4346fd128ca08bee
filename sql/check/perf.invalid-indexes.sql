-- title: every index is valid
-- box: 성능: 주요 쿼리 인덱스 생성 확인
-- profiles: pre-deploy oncall daily
-- expected: no invalid index outside of a CREATE INDEX CONCURRENTLY at work
-- why: an invalid index costs every write and serves no query
-- fix: sql
with invalid as (
  select index.indexrelid::regclass as name, relation.relkind,
         -- A build of another role may be that of this index.
         exists (select from pg_stat_progress_create_index other
                  where other.datname = current_database() and other.index_relid is null) as hidden
    from pg_index index
    join pg_class relation on relation.oid = index.indexrelid
   where not index.indisvalid
     and not exists (select from pg_stat_progress_create_index progress where progress.index_relid = index.indexrelid)
)
select case when hidden then 'unknown' else 'warning' end as severity,
       format('%s is invalid%s', name,
              case when hidden then ': whether another role builds it now is hidden'
                   when relkind = 'I' then ': not every partition has it' else '' end) as evidence,
       case when hidden then format('grant pg_read_all_stats to %I', current_user)
            when relkind = 'I' then format('drop index %s', name) else format('reindex index concurrently %s', name) end as fix
  from invalid
union all
select 'ok', format('%s indexes looked at', (select count(*) from pg_index)), null where not exists (select from invalid)
 order by evidence
