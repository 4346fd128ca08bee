-- title: anonymous orders that ran out are cancelled
-- box: 데이터 보존: 자동 정리 크론잡 설정
-- profiles: pre-deploy oncall daily
-- expected: no open anonymous order that ran out more than 2 hours ago: the job cancels every half hour
-- why: such orders show that expire-anonymous-orders does not run, and restaurants wait for their customers
-- fix: sql
-- requires: rows public.orders
select case when overdue > 0 then 'warning' else 'ok' end as severity,
       format('%s orders are overdue', overdue) as evidence,
       case when overdue > 0 then 'select public.expire_anonymous_orders()' end as fix
  from (select count(*) from public.orders
         where customer_id is null and anonymous_expires_at < now() - interval '2 hours'
           and status not in ('COMPLETED', 'CANCELLED')) counted (overdue)
