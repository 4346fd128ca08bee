-- Where a sequence stands is data; what it counts in is schema.
select
  s.seqrelid::text as relation,
  'sequence settings' as kind,
  '' as name,
  concat_ws(
    ' ',
    format_type(s.seqtypid, null),
    'start ' || s.seqstart,
    'increment ' || s.seqincrement,
    'from ' || s.seqmin,
    'to ' || s.seqmax,
    'cache ' || s.seqcache,
    case when s.seqcycle then 'cycle' end,
    'owned by ' || (
      select format('%s.%I', d.refobjid::regclass, a.attname)
      from pg_depend as d
      join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass
        and d.objid = s.seqrelid
        and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i')
    )
  ) as definition
from pg_sequence as s
