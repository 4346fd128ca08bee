create table payment_refunds (
  id uuid primary key default gen_random_uuid(),
  payment_id uuid not null references payments (id),

  amount bigint not null,
  reason_encrypted text,
  reason_key_id varchar(100),

  external_refund_id_encrypted text,
  external_refund_key_id varchar(100),

  status varchar(15) not null default 'PENDING',

  created_at timestamptz not null default now(),
  processed_at timestamptz,

  constraint ck_refunds_status check (status in ('PENDING', 'PROCESSED', 'FAILED')),
  -- [ADDITION] A refund gives money back; half a pair cannot be decrypted.
  constraint ck_refunds_amount check (amount > 0),
  constraint ck_payment_refunds_reason_pair check ((reason_encrypted is null) = (reason_key_id is null)),
  constraint ck_payment_refunds_external_refund_id_pair check (
    (external_refund_id_encrypted is null) = (external_refund_key_id is null)
  )
);

create index idx_refunds_payment_id on payment_refunds (payment_id);
create index idx_refunds_status on payment_refunds (status);

-- [ADDITION] All refunds of a payment together, without the failed ones, never exceed its amount. The payment's row is
-- locked, so that two refunds at one moment cannot both fit. Runs as the owner: the sum must not depend on row security.
create function check_refund_total()
returns trigger
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
  paid bigint;
  refunded bigint;
begin
  select amount into paid from payments where id = new.payment_id for no key update;
  select coalesce(sum(amount), 0) into refunded
  from payment_refunds
  where payment_id = new.payment_id and status <> 'FAILED';
  if refunded > paid then
    raise exception 'refunds of payment % come to %, which is more than the % paid', new.payment_id, refunded, paid
      using errcode = 'check_violation', constraint = 'ck_refunds_total', table = 'payment_refunds';
  end if;
  return null;
end
$$;

create trigger trigger_refund_total
  after insert or update of payment_id, amount, status on payment_refunds
  for each row
  execute function check_refund_total();
