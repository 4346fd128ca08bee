-- [ADDITION] How the shop changes the status of an order: application_role may not update status, amounts or times itself.
-- Restaurant owners take an order from PENDING to COMPLETED and may cancel it until it is READY; customers, anonymous ones
-- with their token too, may cancel it while it is PENDING. One statement sets the status, its time, the version and the
-- history. expected_version is the version the caller has seen.
-- Returns the new version. Errors: P0002 no such order among those the user may change, 40001 the order has another version
-- by now, 23514 the order cannot go from its status to that one.
create function change_order_status(
  target_order uuid, next_status text, expected_version bigint, reason text default null, message text default null
)
returns bigint
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
  actor uuid := app_current_user_id();
  present record;
  allowed text[];
begin
  select
    orders.status, orders.version,
    restaurants.owner_id = actor as is_owner,
    orders.customer_id = actor
      or orders.customer_id is null
        and orders.anonymous_token = nullif(current_setting('app.anonymous_token_hash', true), '')
        and orders.anonymous_expires_at > now() as is_customer
  into present
  from orders
  join restaurants on restaurants.id = orders.restaurant_id
  where orders.id = target_order
  for no key update of orders;

  if present.is_owner then
    allowed := case present.status
      when 'PENDING' then array['ACCEPTED', 'CANCELLED']
      when 'ACCEPTED' then array['PREPARING', 'CANCELLED']
      when 'PREPARING' then array['READY', 'CANCELLED']
      when 'READY' then array['COMPLETED']
      else array[]::text[]
    end;
  elsif present.is_customer then
    allowed := case present.status when 'PENDING' then array['CANCELLED'] else array[]::text[] end;
  else
    raise exception 'order % is not there', target_order using errcode = 'no_data_found';
  end if;

  if present.version <> expected_version then
    raise exception 'order % is at version %, not %', target_order, present.version, expected_version
      using errcode = 'serialization_failure', hint = 'read the order again';
  end if;
  if next_status is null or next_status <> all (allowed) then
    raise exception 'order % cannot go from % to %', target_order, present.status, next_status
      using errcode = 'check_violation';
  end if;

  update orders
  set status = next_status,
      version = version + 1,
      accepted_at = case when next_status = 'ACCEPTED' then now() else accepted_at end,
      preparing_at = case when next_status = 'PREPARING' then now() else preparing_at end,
      ready_at = case when next_status = 'READY' then now() else ready_at end,
      completed_at = case when next_status = 'COMPLETED' then now() else completed_at end,
      cancelled_at = case when next_status = 'CANCELLED' then now() else cancelled_at end
  where id = target_order;

  insert into order_status_history (order_id, old_status, new_status, changed_by, reason, message)
  values (target_order, present.status, next_status, actor, reason, message);
  return present.version + 1;
end
$$;

comment on function change_order_status(uuid, text, bigint, text, text) is '주문 상태 변경 (이력, 시각, 버전 포함)';
revoke execute on function change_order_status(uuid, text, bigint, text, text) from public;
grant execute on function change_order_status(uuid, text, bigint, text, text) to application_role;
