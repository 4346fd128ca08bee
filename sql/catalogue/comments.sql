-- Comments on anything made in this database (object ids below 16384 belong to initdb). relation says on whose behalf: a partition's
-- copies of its parent's comments are not compared.
select
  case d.classoid
    when 'pg_class'::regclass then coalesce((select x.indrelid from pg_index as x where x.indexrelid = d.objoid), d.objoid)
    when 'pg_constraint'::regclass then (select nullif(c.conrelid, 0) from pg_constraint as c where c.oid = d.objoid)
    when 'pg_trigger'::regclass then (select t.tgrelid from pg_trigger as t where t.oid = d.objoid)
    when 'pg_policy'::regclass then (select p.polrelid from pg_policy as p where p.oid = d.objoid)
    when 'pg_rewrite'::regclass then (select r.ev_class from pg_rewrite as r where r.oid = d.objoid)
    when 'pg_statistic_ext'::regclass then (select s.stxrelid from pg_statistic_ext as s where s.oid = d.objoid)
  end::text as relation,
  'comment' as kind,
  object.type || ' ' || object.identity as name,
  d.description as definition
from pg_description as d
cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as object
where d.objoid >= 16384
  and d.classoid <> 'pg_extension'::regclass
  and not exists (
    select
    from pg_depend as m
    where m.classid = d.classoid
      and m.objid = d.objoid
      and m.deptype = 'e'
  )
