-- title: the scheduled jobs run
-- where: rows cron.job
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy oncall daily
-- expected: every job of scheduled_jobs is registered, active, and runs when it says; how runs ended is what ops.failed-jobs says
-- why: without them there is no new month, and nothing old is ever deleted
-- fix: sql
with jobs as (
  select wanted.name, registered.jobid, registered.active, registered.database,
         registered.schedule in (wanted.schedule, wanted.utc_schedule) as in_time
    from public.scheduled_jobs wanted
    left join cron.job registered on registered.jobname = wanted.name and registered.database = current_database()
),
faults as (
  select name, 'critical' as severity, format('%s is not registered with pg_cron', name) as evidence,
         'select public.install_scheduled_jobs()' as fix
    from jobs where jobid is null
  union all
  select name, 'critical', format('%s is not active', name), format('select cron.alter_job(%s, active := true)', jobid)
    from jobs where not active
  union all
  select name, 'warning', format('%s runs at other times than scheduled_jobs says', name), 'select public.install_scheduled_jobs()'
    from jobs where not in_time
)
select severity, evidence, fix from faults
union all
select 'ok', format('%s jobs looked at', (select count(*) from jobs)), null where not exists (select from faults)
 order by evidence
