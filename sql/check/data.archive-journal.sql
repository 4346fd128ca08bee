-- title: no month has stopped on its way into the archive
-- box: 데이터 보존: 아카이빙 정책 수립
-- profiles: pre-deploy oncall daily
-- expected: what archive run has begun with a month is done a day later
-- why: a month that is detached and not dropped is missing in its table; one half exported is held back from every clean-up
-- fix: command
-- requires: rows public.archive_journal
with stuck as (
  select source_table, month, kind, number, location,
         to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD') as since,
         case when state = 'detached' or leaving then updated_at < now() - interval '7 days' else false end as late,
         case when state = 'detached' then 'is detached and not dropped: its table lacks these rows'
           when leaving then 'is archived, and only some of its rows have left'
           when problem is not null then 'was exported, refused by its proof, and not exported again'
           else 'was begun and not proven' end as what
    from public.archive_journal
   -- Verified and not leaving is what --keep asks for.
   where (state in ('planned', 'exported', 'detached') or state = 'verified' and leaving)
     and updated_at < now() - interval '1 day'
)
select case when late then 'critical' else 'warning' end as severity,
       format('%s %s%s %s, since %s', source_table, month, case when kind = 'supplement' then format(' (supplement %s)', number) end,
              what, since) as evidence,
       format('ordersync archive run --table %s --month %s --to %s', source_table, month,
              case when location ~ '^[\w@%+=:,./-]+$' then location else '''' || replace(location, '''', '''\''''') || '''' end) as fix
  from stuck
union all
select 'ok', format('%s months in the journal', (select count(*) from public.archive_journal)), null where not exists (select from stuck)
 order by evidence
