-- Policies name other tables, so they all go before anything else does.
do $$
declare
  protected text;
  policy name;
  partition regclass;
begin
  foreach protected in array array[
    'notification_logs', 'payment_refunds', 'payment_events', 'payments', 'order_status_history', 'order_items', 'orders',
    'menus', 'restaurants', 'user_sessions'
  ] loop
    for policy in
      select polname from pg_policy where polrelid = protected::regclass order by polname
    loop
      execute format('drop policy %I on %I', policy, protected);
    end loop;
    execute format('alter table %I disable row level security', protected);
    for partition in
      select inhrelid::regclass from pg_inherits where inhparent = protected::regclass
    loop
      execute format('alter table %s disable row level security', partition);
    end loop;
  end loop;
end
$$;
