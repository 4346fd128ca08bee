-- 데이터 보존 및 정리: the scheduled functions. They run as the owner of the tables; nobody else may execute them until it is
-- granted. Each call works in batches and stops after about twenty seconds; what is left waits for the next call.

-- [ADDITION] Deletes the rows of a plain table that meet a condition (trusted text, from the functions below only), in
-- batches, passing over rows that somebody else has locked. Returns how many.
create function delete_in_batches(target regclass, condition text)
returns bigint
language plpgsql
set search_path = public, pg_temp
as $$
declare
  batch_rows constant integer := 10000;
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  batch bigint;
  deleted bigint := 0;
begin
  loop
    execute format(
      'delete from %1$s where ctid = any (array(select ctid from %1$s where %2$s limit %3$s for update skip locked))',
      target, condition, batch_rows);
    get diagnostics batch = row_count;
    deleted := deleted + batch;
    exit when batch < batch_rows or clock_timestamp() > stop_at;
  end loop;
  return deleted;
end
$$;

-- 만료된 세션 자동 삭제. A session lives as long as its refresh token.
create function cleanup_expired_sessions()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches(
    'user_sessions', $condition$greatest(expires_at, refresh_expires_at) < now() - interval '7 days'$condition$);
end
$$;

-- 30일 이상 된 로그인 시도 기록 삭제
create function cleanup_old_login_attempts()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('login_attempts', $condition$created_at < now() - interval '30 days'$condition$);
end
$$;

-- 익명 주문 자동 만료. Passes over orders that somebody is working on. A payment cannot be given back from here: paid orders
-- are told in a warning, and their history says it.
create function expire_anonymous_orders()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  captured bigint;
begin
  with due as (
    select id, status
    from orders
    where customer_id is null
      and anonymous_expires_at < now()
      and status not in ('COMPLETED', 'CANCELLED')
    order by anonymous_expires_at
    limit 10000
    for no key update skip locked
  ), expired as (
    update orders
    set status = 'CANCELLED', cancelled_at = now(), version = orders.version + 1
    from due
    where orders.id = due.id
    returning orders.id, due.status as old_status,
      exists (select from payments where payments.order_id = orders.id and payments.status = 'CAPTURED') as paid
  ), recorded as (
    insert into order_status_history (order_id, old_status, new_status, reason)
    select id, old_status, 'CANCELLED', case when paid then 'ANONYMOUS_EXPIRED_PAID' else 'ANONYMOUS_EXPIRED' end
    from expired
  )
  select count(*) filter (where expired.paid) into captured from expired;
  if captured > 0 then
    raise warning '% expired anonymous orders have a captured payment', captured
      using hint = 'refund them: order_status_history.reason = ''ANONYMOUS_EXPIRED_PAID''';
  end if;
end
$$;

-- 메뉴 일일 판매량 초기화 (매일 자정). One statement, because sold_count says which menus were sold out: only those come back,
-- not the ones their owner switched off.
create function reset_daily_menu_sales()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  update menus
  set sold_count = 0,
      is_available = is_available or coalesce(sold_count >= daily_limit, false),
      version = version + 1
  where sold_count > 0;
end
$$;

-- 감사 로그 월별 파티셔닝 (자동 생성): this month and three ahead, for a run that was missed must not be felt.
create function create_audit_log_partition()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform create_month_partitions_ahead('audit_logs');
end
$$;

-- [ADDITION] The same for any of the four tables. One job per table: a table that fails does not stop the others.
create function create_month_partitions_ahead(parent regclass)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
begin
  perform ensure_month_partitions(parent, today, (today + interval '3 months')::date);
end
$$;

-- [ADDITION] Retention of what the specification keeps for ever. Rows of a partitioned table have no ctid of their own.
create function cleanup_old_notification_logs()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  cut constant timestamptz := now() - interval '1 year';
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  batch bigint;
begin
  loop
    delete from notification_logs
    where created_at < cut
      and id = any (array(select id from notification_logs where created_at < cut limit 10000));
    get diagnostics batch = row_count;
    exit when batch < 10000 or clock_timestamp() > stop_at;
  end loop;
end
$$;

-- [ADDITION] Records of payments and contracts are kept for five years (전자상거래법 시행령 제6조).
create function cleanup_old_payment_events()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('payment_events', $condition$created_at < now() - interval '5 years'$condition$);
end
$$;

create function cleanup_old_order_history()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('order_status_history', $condition$created_at < now() - interval '5 years'$condition$);
end
$$;

create function cleanup_old_security_metrics()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('security_metrics', $condition$timestamp < now() - interval '1 year'$condition$);
end
$$;

create function cleanup_expired_rate_limits()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('api_rate_limits', $condition$window_end < now() - interval '1 day'$condition$);
end
$$;

comment on function cleanup_expired_sessions() is '만료 후 7일이 지난 세션 삭제';
comment on function cleanup_old_login_attempts() is '30일 이상 된 로그인 시도 기록 삭제';
comment on function expire_anonymous_orders() is '익명 주문 자동 만료';
comment on function reset_daily_menu_sales() is '메뉴 일일 판매량 초기화 (매일 자정)';
comment on function create_audit_log_partition() is '감사 로그 월 파티션 생성 (이번 달과 이후 3개월)';
comment on function create_month_partitions_ahead(regclass) is '월 파티션 생성 (이번 달과 이후 3개월)';
comment on function cleanup_old_notification_logs() is '1년 이상 된 알림 발송 로그 삭제';
comment on function cleanup_old_payment_events() is '5년 이상 된 결제 이벤트 삭제 (전자상거래법 보존 기간)';
comment on function cleanup_old_order_history() is '5년 이상 된 주문 상태 이력 삭제 (전자상거래법 보존 기간)';
comment on function cleanup_old_security_metrics() is '1년 이상 된 보안 메트릭 삭제';
comment on function cleanup_expired_rate_limits() is '지난 Rate Limiting 구간 삭제';

revoke execute on function
  delete_in_batches(regclass, text), cleanup_expired_sessions(), cleanup_old_login_attempts(), expire_anonymous_orders(),
  reset_daily_menu_sales(), create_audit_log_partition(), create_month_partitions_ahead(regclass),
  cleanup_old_notification_logs(), cleanup_old_payment_events(), cleanup_old_order_history(),
  cleanup_old_security_metrics(), cleanup_expired_rate_limits()
from public;
