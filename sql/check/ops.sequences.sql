-- title: no sequence runs out
-- box: on-call
-- profiles: oncall daily
-- expected: every sequence has used less than 80 % of what its column can hold
-- why: at the end every INSERT fails; a sequence of bigint in a column of integer ends with the column
-- fix: sql
with owned as (
  select sequence.seqrelid::regclass as sequence, attribute.attrelid::regclass as relation, attribute.attname, attribute.atttypid,
         -- Before PostgreSQL 18 it fails for who may not read it.
         case when has_sequence_privilege(sequence.seqrelid, 'usage,select') then pg_sequence_last_value(sequence.seqrelid) end as used,
         least(sequence.seqmax, case attribute.atttypid when 'smallint'::regtype then 32767 when 'integer'::regtype then 2147483647
           else sequence.seqmax end) as most,
         has_sequence_privilege(sequence.seqrelid, 'usage,select') as visible
    from pg_sequence sequence
    left join pg_depend dependency
      on dependency.objid = sequence.seqrelid and dependency.classid = 'pg_class'::regclass
     and dependency.refclassid = 'pg_class'::regclass and dependency.deptype in ('a', 'i')
    left join pg_attribute attribute on attribute.attrelid = dependency.refobjid and attribute.attnum = dependency.refobjsubid
   where not sequence.seqcycle
)
select case when not visible then 'unknown' when used >= 0.9 * most then 'critical' when used >= 0.8 * most then 'warning' end as severity,
       case when not visible then format('%s cannot be read', sequence)
         else format('%s has used %s %% of %s', sequence, floor(100 * (used::numeric / most)), coalesce(format('%s.%s', relation, attname), 'its range')) end as evidence,
       case when not visible then format('grant select on sequence %s to %I', sequence, current_user)
         when attname is not null and atttypid <> 'bigint'::regtype
           then format('alter table %s alter column %I type bigint; alter sequence %s as bigint', relation, attname, sequence)
         else format('alter sequence %s as bigint maxvalue 9223372036854775807', sequence) end as fix
  from owned where not visible or used >= 0.8 * most
union all
select 'ok', format('%s sequences looked at', (select count(*) from owned)), null
 where not exists (select from owned where not visible or used >= 0.8 * most)
 order by evidence
