-- Who sees which rows. Policies are for application_role, which works for the user in app.current_user_id, and for
-- application_admin_role, which sees everything. The owner of the tables is not subject to them (no FORCE): the scheduled
-- functions run as the owner. Nothing is granted on partitions, whose rows the parents' policies would not protect.
--
-- (select app_current_user_id()) is evaluated once per statement, not per row, and = any (array(select ...)) lets the
-- planner combine the indexes on customer_id and restaurant_id; "or ... in (select ...)" reads every order of every month.
--
-- Settings of a transaction (set local):
--   app.current_user_id       the user; unset: nobody, and no rows of anybody
--   app.session_token_hash    hash of the token in the request: finds the session before the user is known
--   app.anonymous_token_hash  hash of an anonymous customer's token: his order

-- 사용자는 자신의 세션만 접근
alter table user_sessions enable row level security;

create policy user_sessions_policy on user_sessions
  for all to application_role
  using (user_id = (select app_current_user_id()));

-- [ADDITION] Whose session it is, is only known once it is found.
create policy user_sessions_token_policy on user_sessions
  for select to application_role
  using (
    access_token_hash = (select nullif(current_setting('app.session_token_hash', true), ''))
    or refresh_token_hash = (select nullif(current_setting('app.session_token_hash', true), ''))
  );

-- 매장 소유자는 자신의 매장만 접근
alter table restaurants enable row level security;

create policy restaurants_owner_policy on restaurants
  for all to application_role
  using (owner_id = (select app_current_user_id()));

-- [ADDITION] Customers choose among the restaurants that are open for business.
create policy restaurants_active_policy on restaurants
  for select to application_role
  using (status = 'ACTIVE');

-- [ADDITION] Everybody reads menus (old orders show dishes of closed restaurants); their restaurant's owner writes them.
alter table menus enable row level security;

create policy menus_owner_policy on menus
  for all to application_role
  using (
    restaurant_id = any (array(
      select restaurants.id from restaurants where restaurants.owner_id = (select app_current_user_id())
    ))
  );

create policy menus_read_policy on menus
  for select to application_role
  using (true);

-- 주문 데이터 접근 제어
alter table orders enable row level security;

create policy orders_access_policy on orders
  for all to application_role
  using (
    customer_id = (select app_current_user_id())
    or restaurant_id = any (array(
      select restaurants.id from restaurants where restaurants.owner_id = (select app_current_user_id())
    ))
  );

-- [ADDITION] Anonymous customers show the hash of the token they were given.
create policy orders_anonymous_policy on orders
  for select to application_role
  using (
    customer_id is null
    and anonymous_token = (select nullif(current_setting('app.anonymous_token_hash', true), ''))
    and anonymous_expires_at > now()
  );

-- [ADDITION] And place an order under it, which has to expire.
create policy orders_anonymous_insert_policy on orders
  for insert to application_role
  with check (
    customer_id is null
    and anonymous_token = (select nullif(current_setting('app.anonymous_token_hash', true), ''))
    and anonymous_expires_at > now()
  );

-- [ADDITION] Every order starts at the beginning.
create policy orders_pending_policy on orders
  as restrictive for insert to application_role
  with check (status = 'PENDING');

-- [ADDITION] What belongs to an order is visible with the order. exists, because these tables are read by order.
alter table order_items enable row level security;

create policy order_items_order_policy on order_items
  for all to application_role
  using (exists (select from orders where orders.id = order_items.order_id));

alter table order_status_history enable row level security;

create policy order_status_history_order_policy on order_status_history
  for all to application_role
  using (exists (select from orders where orders.id = order_status_history.order_id));

-- [ADDITION] Nobody writes history in somebody else's name.
create policy order_status_history_actor_policy on order_status_history
  as restrictive for insert to application_role
  with check (changed_by is not distinct from (select app_current_user_id()));

alter table payments enable row level security;

create policy payments_order_policy on payments
  for all to application_role
  using (exists (select from orders where orders.id = payments.order_id));

create policy payments_pending_policy on payments
  as restrictive for insert to application_role
  with check (status = 'PENDING');

alter table payment_events enable row level security;

create policy payment_events_order_policy on payment_events
  for select to application_role
  using (exists (select from payments where payments.id = payment_events.payment_id));

alter table payment_refunds enable row level security;

create policy payment_refunds_order_policy on payment_refunds
  for select to application_role
  using (exists (select from payments where payments.id = payment_refunds.payment_id));

-- [ADDITION] Notifications are their recipient's.
alter table notification_logs enable row level security;

create policy notification_logs_recipient_policy on notification_logs
  for select to application_role
  using (recipient_id = (select app_current_user_id()));

-- [ADDITION] Staff.
create policy user_sessions_admin_policy on user_sessions
  for all to application_admin_role using (true);
create policy restaurants_admin_policy on restaurants
  for all to application_admin_role using (true);
create policy menus_admin_policy on menus
  for all to application_admin_role using (true);
create policy orders_admin_policy on orders
  for all to application_admin_role using (true);
create policy order_items_admin_policy on order_items
  for all to application_admin_role using (true);
create policy order_status_history_admin_policy on order_status_history
  for all to application_admin_role using (true);
create policy payments_admin_policy on payments
  for all to application_admin_role using (true);
create policy payment_events_admin_policy on payment_events
  for all to application_admin_role using (true);
create policy payment_refunds_admin_policy on payment_refunds
  for all to application_admin_role using (true);
create policy notification_logs_admin_policy on notification_logs
  for all to application_admin_role using (true);

-- A partition does not inherit the switch. Without a policy of its own it shows nothing to whoever is granted it by mistake.
select align_month_partition(parent.name, ranges.partition)
from unnest(array['orders', 'payments', 'notification_logs']::regclass[]) parent (name)
cross join lateral month_partition_ranges(parent.name) ranges;
