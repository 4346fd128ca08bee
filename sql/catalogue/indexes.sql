-- Indexes behind constraints are in constraints.sql. The names of index and table are cut from the text, so that a partition's index,
-- named after the index of the parent that it is attached to, reads like it. Without the one that is there while `key rotate-index`
-- rotates: made in operation.
select
  x.indrelid::text as relation,
  'index' as kind,
  quote_ident(coalesce(p.relname, i.relname)) as name,
  p.oid is not null as inherited,
  concat_ws(
    ' ',
    regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE (UNIQUE )?INDEX .*? USING ', '\1'),
    case when not x.indisvalid then 'not valid' end,
    case when not x.indisready then 'not ready' end,
    case when x.indisclustered then 'clustered' end,
    case when x.indisreplident then 'replica identity' end
  ) as definition
from pg_index as x
join pg_class as i on i.oid = x.indexrelid
join pg_namespace as n on n.oid = i.relnamespace
left join pg_inherits as h on h.inhrelid = i.oid
left join pg_class as p on p.oid = h.inhparent
where n.nspname !~ '^pg_'
  and i.relname <> 'uk_users_email_hash_rotating'
  and not exists (
    select
    from pg_constraint as c
    where c.conindid = x.indexrelid
      and c.contype in ('p', 'u', 'x')
  )
