create table payment_events (
  id uuid primary key default gen_random_uuid(),
  payment_id uuid not null references payments (id),

  event_type varchar(20) not null, -- 'AUTHORIZED', 'CAPTURED', 'REFUNDED'
  amount bigint not null,

  -- 암호화된 이벤트 데이터
  event_data_encrypted text,
  event_data_key_id varchar(100),

  created_at timestamptz not null default now(),

  constraint ck_payment_events_type check (event_type in ('AUTHORIZED', 'CAPTURED', 'REFUNDED', 'CANCELLED')),
  -- [ADDITION] A refund is an event of its own type, not a negative amount; half a pair cannot be decrypted.
  constraint ck_payment_events_amount check (amount >= 0),
  constraint ck_payment_events_event_data_pair check ((event_data_encrypted is null) = (event_data_key_id is null))
);

create index idx_payment_events_payment_id on payment_events (payment_id, created_at);

-- 현재 결제 상태 Materialized View. An alias cannot be used beside its own definition, hence the subquery; sums of bigint
-- are numeric and are cast back.
create materialized view payment_current_state as
select
  payment_id,
  captured_amount,
  refunded_amount,
  captured_amount - refunded_amount as net_amount
from (
  select
    payment_id,
    sum(case when event_type = 'CAPTURED' then amount else 0 end)::bigint as captured_amount,
    sum(case when event_type = 'REFUNDED' then amount else 0 end)::bigint as refunded_amount
  from payment_events
  group by payment_id
) sums;

create unique index idx_payment_state_payment_id on payment_current_state (payment_id);

comment on table payment_events is 'Event Sourcing - 부분 환불 지원';

-- [ADDITION] Nothing in the specification refreshes the view. Readers are not blocked.
create function refresh_payment_current_state()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  refresh materialized view concurrently payment_current_state;
end
$$;

comment on function refresh_payment_current_state() is '결제 상태 Materialized View 갱신 (조회 차단 없음)';
revoke execute on function refresh_payment_current_state() from public;
