-- Without NOT NULL (in the catalogue from 18 on; columns.sql has it), constraint triggers (triggers.sql), and the rows that a foreign key
-- to a partitioned table has for each referenced partition. A partition's copy is named as its parent's, and its validity is the parent's:
-- PostgreSQL 15 keeps copies of a validated foreign key marked as not valid. Without what keeps retired keys out of encrypted columns:
-- made in operation by `key retire --prove`, as partitions are, and different in every database.
select
  c.conrelid::text as relation,
  'constraint' as kind,
  quote_ident(coalesce(p.conname, c.conname)) as name,
  p.oid is not null or c.coninhcount > 0 as inherited,
  concat_ws(
    ' ',
    case
      when p.oid is null then pg_get_constraintdef(c.oid)
      else regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '')
    end,
    case when c.connoinherit and c.contype = 'c' and pg_get_constraintdef(c.oid) !~ 'NO INHERIT' then 'no inherit' end,
    'with (' || array_to_string(i.reloptions, ', ') || ')',
    case when not x.indisvalid then 'index not valid' end,
    case when x.indisreplident then 'replica identity' end
  ) as definition
from pg_constraint as c
join pg_namespace as n on n.oid = c.connamespace
left join pg_constraint as p on p.oid = c.conparentid
left join pg_index as x on x.indexrelid = c.conindid and c.contype in ('p', 'u', 'x')
left join pg_class as i on i.oid = x.indexrelid
where c.conrelid <> 0
  and c.contype not in ('n', 't')
  and not (c.contype = 'c' and c.conname ~ '^ck_.*_retired_keys(_next)?$')
  and (p.oid is null or p.conrelid <> c.conrelid)
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
