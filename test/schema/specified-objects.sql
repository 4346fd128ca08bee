-- Every object of the kinds the specification declares, one line each; manifest.json is this for the specification itself.
-- Partitions are left out: they are their parents' copies.
with relations as (
  select oid, relname, relkind
  from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm') and not relispartition
)
select 'column' as kind, relname || '.' || attname as name,
  concat_ws(' ', format_type(atttypid, atttypmod), case when attnotnull then 'not null' end,
    'default ' || pg_get_expr(adbin, adrelid)) as definition
from relations
join pg_attribute on attrelid = oid and attnum > 0 and not attisdropped
left join pg_attrdef on adrelid = attrelid and adnum = attnum
union all
select 'constraint', relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
from relations
join pg_constraint on conrelid = relations.oid and contype in ('p', 'u', 'c', 'f') and conparentid = 0
union all
select 'index', index.relname, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
from relations
join pg_index on indrelid = relations.oid
join pg_class index on index.oid = indexrelid
where not exists (select from pg_constraint where conindid = indexrelid)
union all
select 'comment', relname || coalesce('.' || attname, ''), description
from relations
join pg_description on objoid = relations.oid and classoid = 'pg_class'::regclass
left join pg_attribute on attrelid = objoid and attnum = objsubid and objsubid > 0
union all
select 'function', proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')', pg_get_function_result(pg_proc.oid)
from pg_proc
where pronamespace = 'public'::regnamespace
  and not exists (select from pg_depend where objid = pg_proc.oid and classid = 'pg_proc'::regclass and deptype = 'e')
union all
select 'trigger', relname || '.' || tgname, pg_get_triggerdef(pg_trigger.oid)
from relations
join pg_trigger on tgrelid = relations.oid and not tgisinternal
union all
select 'policy', relname || '.' || polname,
  format('for %s to %s using (%s)', case polcmd when '*' then 'all' when 'r' then 'select' when 'a' then 'insert' else polcmd::text end,
    (select string_agg(rolname, ', ' order by rolname) from pg_roles where pg_roles.oid = any (polroles)),
    pg_get_expr(polqual, polrelid))
from relations
join pg_policy on polrelid = relations.oid
order by 1, 2
