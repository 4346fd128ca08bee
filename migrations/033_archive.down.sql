drop trigger audit_logs_archive_guard_delete on audit_logs_archive;

-- The functions as they were, which knew of no journal.
create or replace function cleanup_old_notification_logs()
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

create or replace function cleanup_old_payment_events()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('payment_events', $condition$created_at < now() - interval '5 years'$condition$);
end
$$;

create or replace function cleanup_old_order_history()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  perform delete_in_batches('order_status_history', $condition$created_at < now() - interval '5 years'$condition$);
end
$$;

drop function try_archive_lock();

-- Restored months stay, as ordinary tables.
do $$
declare
  refusal record;
begin
  for refusal in
    select tgrelid::regclass as relation, tgname
    from pg_trigger
    where tgfoid = 'refuse_restored_write()'::regprocedure
    order by tgrelid::regclass::text, tgname
  loop
    execute format('drop trigger %I on %s', refusal.tgname, refusal.relation);
  end loop;
end
$$;

drop function refuse_restored_write();
drop table archive_journal, archive_head, archive_manifests;
