drop trigger audit_logs_archive_guard_truncate on audit_logs_archive;
drop trigger audit_logs_archive_guard_pairs on audit_logs_archive;
drop trigger audit_logs_archive_guard_update on audit_logs_archive;

-- The parent and its partitions, each of which has its own.
do $$
declare
  guard record;
begin
  for guard in
    select tgrelid::regclass as relation, tgname
    from pg_trigger
    where tgfoid = 'audit_logs_guard()'::regprocedure
    order by tgrelid::regclass::text, tgname
  loop
    execute format('drop trigger %I on %s', guard.tgname, guard.relation);
  end loop;
end
$$;

drop function audit_logs_guard();
