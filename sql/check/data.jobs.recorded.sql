-- title: the scheduled jobs run
-- where: rows public.job_runs
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy oncall daily
-- expected: every job of scheduled_jobs has run to its end within 32 days, those of every day within 2; how runs ended is what ops.failed-jobs says
-- why: without them there is no new month, and nothing old is ever deleted
-- fix: command
with jobs as (
  select wanted.name,
         -- Once a month, or more often than that.
         case when split_part(wanted.schedule, ' ', 3) <> '*' then interval '32 days' else interval '2 days' end as period,
         done.finished_at as last_done,
         last.outcome as last_outcome
    from public.scheduled_jobs wanted
    left join lateral (
      select max(run.finished_at) as finished_at
        from public.job_runs run
       where run.job_name = wanted.name and run.outcome = 'DONE') done on true
    left join lateral (
      select run.outcome
        from public.job_runs run
       where run.job_name = wanted.name and run.outcome <> 'RUNNING'
       order by run.id desc limit 1) last on true
),
faults as (
  select name, 'critical' as severity, format('%s never ran to its end', name) as evidence
    from jobs where last_done is null and last_outcome is not null
  union all
  select name, 'critical', format('%s ran last at %s', name, to_char(last_done at time zone 'UTC', 'YYYY-MM-DD HH24:MI'))
    from jobs where last_done < now() - period
)
select severity, evidence, format('ordersync jobs run %s', name) as fix
  from faults
union all
-- A job without any record may be run by a scheduler that leaves none.
select 'unknown', format('%s has no record of a run', name), format('ordersync jobs run %s', name)
  from jobs where last_outcome is null
union all
select 'ok', format('%s jobs looked at', (select count(*) from jobs)), null
 where not exists (select from faults) and not exists (select from jobs where last_outcome is null)
 order by evidence
