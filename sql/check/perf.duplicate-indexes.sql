-- title: no index is there twice
-- box: 성능: 주요 쿼리 인덱스 생성 확인
-- profiles: pre-deploy daily
-- expected: no two valid indexes with the same columns, order, method and condition
-- why: the second one costs every write and serves no query that the first does not
-- fix: sql
with described as (
  select index.indrelid, index.indexrelid, index.indisunique, index.indisprimary,
         exists (select from pg_constraint where conindid = index.indexrelid) as is_constraint,
         row_number() over (
           partition by index.indrelid, relation.relam, index.indkey::text, index.indclass::text, index.indcollation::text,
                        index.indoption::text, coalesce(pg_get_expr(index.indexprs, index.indrelid), ''),
                        coalesce(pg_get_expr(index.indpred, index.indrelid), '')
           order by index.indisprimary desc, index.indisunique desc,
                    exists (select from pg_constraint where conindid = index.indexrelid) desc, index.indexrelid) as position
    from pg_index index
    join pg_class relation on relation.oid = index.indexrelid
    join pg_class owner on owner.oid = index.indrelid
    join pg_namespace namespace on namespace.oid = owner.relnamespace
   where index.indisvalid and not owner.relispartition and namespace.nspname not in ('pg_catalog', 'pg_toast')
),
duplicates as (
  select indexrelid::regclass as name, indrelid::regclass as relation from described
   where position > 1 and not indisunique and not is_constraint
)
select 'warning' as severity, format('%s on %s repeats another index', name, relation) as evidence,
       format('drop index %s', name) as fix
  from duplicates
union all
select 'ok', format('%s indexes looked at', (select count(*) from described)), null where not exists (select from duplicates)
 order by evidence
