-- Enums, domains, composite types and ranges that stand on their own; the row type of a table, array types and multiranges follow others.
select
  null::text as relation,
  case t.typtype when 'e' then 'enum' when 'd' then 'domain' else 'type' end as kind,
  format('%I.%I', n.nspname, t.typname) as name,
  pg_get_userbyid(t.typowner) as owner,
  case t.typtype
    when 'e' then (
      select 'enum (' || string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) || ')'
      from pg_enum as e
      where e.enumtypid = t.oid
    )
    when 'd' then concat_ws(
      ' ',
      'domain over ' || format_type(t.typbasetype, t.typtypmod),
      case when t.typcollation <> b.typcollation then 'collate ' || t.typcollation::regcollation::text end,
      case when t.typnotnull then 'not null' end,
      'default ' || t.typdefault,
      (
        select string_agg(format('constraint %I %s', c.conname, pg_get_constraintdef(c.oid)), ' ' order by c.conname)
        from pg_constraint as c
        where c.contypid = t.oid
          and c.contype <> 'n'
      )
    )
    when 'c' then (
      select 'composite (' || string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) || ')'
      from pg_attribute as a
      where a.attrelid = t.typrelid
        and a.attnum > 0
        and not a.attisdropped
    )
    when 'r' then (
      select concat_ws(
        ' ',
        'range of ' || format_type(r.rngsubtype, null),
        'canonical ' || nullif(r.rngcanonical::text, '-'),
        'subtype_diff ' || nullif(r.rngsubdiff::text, '-')
      )
      from pg_range as r
      where r.rngtypid = t.oid
    )
  end as definition
from pg_type as t
join pg_namespace as n on n.oid = t.typnamespace
left join pg_type as b on b.oid = t.typbasetype
left join pg_class as c on c.oid = t.typrelid
where t.typtype in ('e', 'd', 'c', 'r')
  and (c.oid is null or c.relkind = 'c')
  and n.nspname !~ '^pg_'
  and n.nspname <> 'information_schema'
  and not exists (
    select
    from pg_depend as d
    where d.classid = 'pg_type'::regclass
      and d.objid = t.oid
      and d.deptype = 'e'
  )
