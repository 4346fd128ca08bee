-- title: every foreign key has an index to look its rows up by
-- box: 성능: 주요 쿼리 인덱스 생성 확인
-- profiles: pre-deploy daily
-- expected: an index begins with the columns of each foreign key
-- why: without one, every DELETE and key UPDATE of the referenced table reads the whole referencing table
-- fix: sql
with keys as (
  select foreign_key.oid, foreign_key.conname, foreign_key.conrelid, foreign_key.conkey,
         format('create index on %s (%s)', foreign_key.conrelid::regclass,
                (select string_agg(format('%I', attribute.attname), ', ' order by part.position)
                   from unnest(foreign_key.conkey) with ordinality part (attnum, position)
                   join pg_attribute attribute
                     on attribute.attrelid = foreign_key.conrelid and attribute.attnum = part.attnum)) as fix
    from pg_constraint foreign_key
   where foreign_key.contype = 'f' and foreign_key.conparentid = 0
),
missing as (
  select conname, conrelid::regclass as relation, fix
    from keys
   where not exists (
     select from pg_index index
      where index.indrelid = keys.conrelid and index.indisvalid
        and (select array_agg(number order by number) from unnest(keys.conkey) number)
            = (select array_agg(first order by first)
                 from (select unnest((string_to_array(index.indkey::text, ' ')::smallint[])[1:cardinality(keys.conkey)])) part (first))
        -- A condition that only leaves nulls out still serves the look-up: a null refers to nothing.
        and (index.indpred is null
             or pg_get_expr(index.indpred, index.indrelid) ~ '^\([a-z_0-9"]+ IS NOT NULL\)$'))
)
select 'warning' as severity, format('%s of %s has no index', conname, relation) as evidence, fix
  from missing
union all
select 'ok', format('%s foreign keys looked at', (select count(*) from keys)), null where not exists (select from missing)
 order by evidence
