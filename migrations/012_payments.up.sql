create table payments (
  id uuid primary key default uuid_v7(), -- UUIDv7: the table is partitioned by the month in the id
  order_id uuid not null references orders (id),

  -- 결제 금액
  amount bigint not null,
  fee bigint not null default 0,
  net_amount bigint not null,

  -- 암호화된 결제 정보
  payment_method varchar(20) not null,
  external_id_encrypted text not null, -- 토스페이 결제 ID
  external_key_id varchar(100) not null,
  external_id_hash varchar(64), -- [ADDITION] keyed HMAC: a webhook brings the id and has to find the payment
  card_info_encrypted text, -- 마스킹된 카드 정보
  card_info_key_id varchar(100),

  -- 결제 상태
  status varchar(15) not null default 'PENDING',

  -- 타임스탬프
  created_at timestamptz not null default now(),
  authorized_at timestamptz,
  captured_at timestamptz,
  failed_at timestamptz,

  version bigint not null default 1,

  constraint ck_payments_method check (payment_method in ('CARD', 'KAKAOPAY', 'TOSSPAY', 'BANK', 'CASH')),
  constraint ck_payments_status check (status in ('PENDING', 'AUTHORIZED', 'CAPTURED', 'FAILED', 'CANCELLED')),
  constraint ck_payments_amounts check (net_amount = amount - fee),
  -- [ADDITION] The difference alone accepts negative amounts.
  constraint ck_payments_amounts_not_negative check (amount >= 0 and fee >= 0 and net_amount >= 0),
  -- [ADDITION] Half a pair cannot be decrypted; a hash of another form would never be found.
  constraint ck_payments_card_info_pair check ((card_info_encrypted is null) = (card_info_key_id is null)),
  constraint ck_payments_external_id_hash check (external_id_hash ~ '^[0-9a-f]{64}$')
) partition by range (id);

create index idx_payments_status on payments (status);
create index idx_payments_created_at on payments (created_at);
create index idx_payments_method_status on payments (payment_method, status);
-- [ADDITION] The constraint that indexed order_id is on the key table below.
create index idx_payments_order_id on payments (order_id);
-- [ADDITION] Webhooks.
create index idx_payments_external_id_hash on payments (external_id_hash) where external_id_hash is not null;

comment on column payments.external_id_hash is '외부 결제 ID의 HMAC (웹훅 조회용)';

select ensure_month_partitions(
  'payments', (now() at time zone 'UTC')::date, (now() at time zone 'UTC' + interval '3 months')::date);

-- [ADDITION] One payment per order. A unique constraint of a partitioned table must contain its partition key, so the
-- constraint of the specification's name lives here: a second payment fails with 23505, uk_payments_order_id. A retry
-- after FAILED reuses the payment's row. Not possible: insert into payments ... on conflict (order_id).
-- No foreign key to payments: a month of payments must be able to leave; the archive removes its keys.
create table payment_order_keys (
  payment_id uuid primary key,
  order_id uuid not null,

  constraint uk_payments_order_id unique (order_id)
);

comment on table payment_order_keys is '주문당 결제 1건 보장 (uk_payments_order_id)';

-- Runs as the owner: roles that write payments need no right on the keys.
create function keep_payment_order_key()
returns trigger
language plpgsql
security definer
set search_path = public, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into payment_order_keys (payment_id, order_id) values (new.id, new.order_id);
  elsif tg_op = 'UPDATE' then
    update payment_order_keys set payment_id = new.id, order_id = new.order_id where payment_id = old.id;
  else
    delete from payment_order_keys where payment_id = old.id;
  end if;
  return null;
end
$$;

create trigger trigger_payment_order_key
  after insert or update of id, order_id or delete on payments
  for each row
  execute function keep_payment_order_key();
