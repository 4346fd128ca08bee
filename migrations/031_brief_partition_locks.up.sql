-- [ADDITION] New months at the price of a few milliseconds. Making a month's table and indexes takes several times as long
-- as attaching them: so tables are made before anything is locked. Moving a catch-all by DETACH and ATTACH locks `users`
-- exclusively, because the foreign keys it got while it was detached have to go again: so one that is empty, and that no
-- foreign key leads to, is dropped and made anew. And lock_timeout bounds the wait for all locks together, not for each.

-- Whether a catch-all holds rows of a span of time. By the index of the partition key.
create function catch_all_holds(parent regclass, catch_all regclass, range_start timestamptz, range_end timestamptz)
returns boolean
language plpgsql
stable
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  key_name name;
  by_id boolean;
  found boolean;
begin
  select attname, atttypid = 'uuid'::regtype into key_name, by_id
  from pg_partitioned_table
  join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
  where partrelid = parent;
  execute format(
    'select exists (select from %1$s where %2$I >= %3$L and %2$I < %4$L)', catch_all, key_name,
    case when by_id then uuid_v7_floor(range_start)::text else range_start::text end,
    case when by_id then uuid_v7_floor(range_end)::text else range_end::text end)
  into found;
  return found;
end
$$;

-- Whether it holds any row at all; fails where row security would hide some.
create function holds_rows(target regclass)
returns boolean
language plpgsql
stable
set search_path = public, pg_temp
set row_security = off
as $$
declare
  found boolean;
begin
  execute format('select exists (select from %s)', target) into found;
  return found;
end
$$;

-- Takes every lock that creating months will need, at the strength it will need, so that nothing waits once the first
-- table is changed. lock_timeout bounds the wait for all of them: whoever queues behind the first lock waits no longer.
--                                                   hole filled              catch-all renewed     catch-all detached
--   tables that the parent's foreign keys lead to   SHARE ROW EXCLUSIVE      SHARE ROW EXCLUSIVE   ACCESS EXCLUSIVE
--   tables whose foreign keys lead to the parent    SHARE ROW EXCLUSIVE      -                     ACCESS EXCLUSIVE
--   the parent                                      SHARE UPDATE EXCLUSIVE   ACCESS EXCLUSIVE      ACCESS EXCLUSIVE
-- Writers wait behind SHARE ROW EXCLUSIVE, everybody behind ACCESS EXCLUSIVE, nobody behind SHARE UPDATE EXCLUSIVE.
create function lock_for_months(parent regclass, moving regclass[], detaching boolean)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  patience constant text := current_setting('lock_timeout');
  deadline constant timestamptz := clock_timestamp() + patience::interval;
  target record;
begin
  for target in
    select format('%s in %s mode', name, mode) as lock
    from (
      select distinct confrelid::regclass::text as name,
        case when detaching then 'access exclusive' else 'share row exclusive' end as mode, 1 as position
      from pg_constraint
      where conrelid = parent and contype = 'f'
      union all
      select distinct 'only ' || conrelid::regclass,
        case when moving = '{}' then 'share row exclusive' else 'access exclusive' end, 2
      from pg_constraint
      where confrelid = parent and contype = 'f' and conparentid = 0
      union all
      select 'only ' || parent, case when moving = '{}' then 'share update exclusive' else 'access exclusive' end, 3
      union all
      select catch_all::text, 'access exclusive', 4
      from unnest(moving) catch_all
    ) targets
    order by position, name
  loop
    if deadline > clock_timestamp() then
      -- Whole milliseconds, and at least one: nought would mean to wait for ever.
      perform set_config(
        'lock_timeout', ceil(extract(epoch from deadline - clock_timestamp()) * 1000)::integer::text, true);
    elsif patience <> '0' then
      raise exception 'canceling statement due to lock timeout' using errcode = 'lock_not_available';
    end if;
    execute 'lock table ' || target.lock;
  end loop;
  perform set_config('lock_timeout', patience, true);
end
$$;

-- Makes a catch-all that is not there, and attaches it. The name as SQL writes it.
create function renew_catch_all(parent regclass, catch_all text, range_start timestamptz, range_end timestamptz)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if to_regclass(catch_all) is null then
    execute format('create table %s (like %s including all)', catch_all, parent);
  end if;
  perform attach_month_partition(parent, catch_all::regclass, range_start, range_end);
end
$$;

-- The table that is to take a catch-all's place, under a name of its own until then; null when the catch-all has to be
-- detached and attached again, because it holds rows or foreign keys lead to it.
create function prepare_catch_all(parent regclass, catch_all regclass)
returns regclass
language plpgsql
set search_path = public, pg_temp
as $$
declare
  prepared text;
begin
  -- Only a new snapshot after the lock sees every row that a dropped table would take along.
  if current_setting('transaction_isolation') <> 'read committed'
     or exists (select from pg_constraint where confrelid = parent and contype = 'f')
     or holds_rows(catch_all) then
    return null;
  end if;
  select format('%I.%I', nspname, left(relname, 58) || '_next') into prepared
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
  where pg_class.oid = catch_all;
  execute format('create table %s (like %s including all)', prepared, parent);
  return prepared::regclass;
end
$$;

-- Takes a catch-all out of its table, under the locks of lock_for_months(): its replacement has its name afterwards, or it
-- is a table of its own. Returns statements that bring foreign keys back.
create function set_aside_catch_all(parent regclass, catch_all regclass, replacement regclass)
returns text[]
language plpgsql
set search_path = public, pg_temp
as $$
declare
  plain_name name := (select relname from pg_class where oid = catch_all);
begin
  if replacement is null then
    return detach_catch_all(parent, catch_all);
  end if;
  if holds_rows(catch_all) then
    raise exception 'a row came to % meanwhile', catch_all
      using errcode = 'serialization_failure', hint = 'try again';
  end if;
  execute format('drop table %s', catch_all);
  execute format('alter table %s rename to %I', replacement, plain_name);
  return '{}';
end
$$;

-- Gives up when the locks have been held for too long: ordersync.longest_lock, such as '120ms', bounds the time from the
-- first lock asked for. Not set: no bound.
create function check_lock_time(since timestamptz)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  longest constant interval := nullif(current_setting('ordersync.longest_lock', true), '')::interval;
begin
  if clock_timestamp() - since > longest then
    raise exception 'the locks would be held for longer than %', longest
      using errcode = 'lock_not_available',
            hint = 'the server is busy, or the table has very many partitions: allow more time, or try again at a quiet time';
  end if;
end
$$;

-- Gives a catch-all another range, when a month beside it has left or is to come.
create function move_catch_all(parent regclass, catch_all regclass, range_start timestamptz, range_end timestamptz)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  full_name text := (
    select format('%I.%I', nspname, relname)
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = catch_all
  );
  replacement regclass := prepare_catch_all(parent, catch_all);
  locking_since timestamptz := clock_timestamp();
  restore text[];
  statement text;
begin
  perform lock_for_months(parent, array[catch_all], replacement is null);
  restore := set_aside_catch_all(parent, catch_all, replacement);
  perform attach_month_partition(parent, full_name::regclass, range_start, range_end);
  perform check_lock_time(locking_since);
  foreach statement in array restore loop
    execute statement;
  end loop;
end
$$;

-- Puts the rows of an inherited DEFAULT partition where they belong and drops it: into the given months (all those its rows
-- are to go to, without a hole to the months there are) and into the catch-alls, which are made when they are missing.
-- Straight into tables that are not attached yet, so that no trigger of the parent takes them for new rows. One transaction,
-- under an exclusive lock for about ten microseconds a row. Returns how many rows moved.
create function drain_default_partition(parent regclass, fallback regclass, months timestamptz[])
returns bigint
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  path_prefix text := (
    select format('%I.%s', nspname, relname)
    from pg_class
    join pg_namespace on pg_namespace.oid = relnamespace
    where pg_class.oid = parent
  );
  restore text[];
  statement text;
  month timestamptz;
  partition_name text;
  first_start timestamptz;
  last_end timestamptz;
  moved bigint := 0;
begin
  perform lock_for_months(parent, array[fallback], true);
  restore := detach_catch_all(parent, fallback);
  foreach month in array months loop
    partition_name := path_prefix || to_char(month, '"_y"YYYY"m"MM');
    moved := moved + fill_month_partition(parent, partition_name, fallback, month, month + interval '1 month');
    perform attach_month_partition(parent, partition_name::regclass, month, month + interval '1 month');
  end loop;
  select min(range_start), max(range_end) into first_start, last_end from month_partition_ranges(parent);
  if first_start <> '-infinity' then
    moved := moved + fill_catch_all(parent, path_prefix || '_underflow', fallback, '-infinity', first_start);
    perform attach_month_partition(parent, (path_prefix || '_underflow')::regclass, '-infinity', first_start);
  end if;
  if last_end <> 'infinity' then
    moved := moved + fill_catch_all(parent, path_prefix || '_overflow', fallback, last_end, 'infinity');
    perform attach_month_partition(parent, (path_prefix || '_overflow')::regclass, last_end, 'infinity');
  end if;
  if holds_rows(fallback) then
    raise exception '% holds rows of no month and no catch-all', fallback
      using errcode = 'object_not_in_prerequisite_state', hint = 'a month is missing between those there are';
  end if;
  execute format('drop table %s', fallback);
  foreach statement in array restore loop
    execute statement;
  end loop;
  return moved;
end
$$;

-- Creates a catch-all that is not attached yet and moves its rows out of a detached DEFAULT partition.
create function fill_catch_all(
  parent regclass, catch_all text, fallback regclass, range_start timestamptz, range_end timestamptz
)
returns bigint
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  key_name name;
  by_id boolean;
  column_names text;
  in_range text;
  moved bigint;
begin
  select attname, atttypid = 'uuid'::regtype into key_name, by_id
  from pg_partitioned_table
  join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
  where partrelid = parent;
  in_range := case
    when range_start = '-infinity' then format(
      '%I < %L', key_name, case when by_id then uuid_v7_floor(range_end)::text else range_end::text end)
    else format(
      '%I >= %L', key_name, case when by_id then uuid_v7_floor(range_start)::text else range_start::text end)
  end;
  select string_agg(quote_ident(attname), ', ' order by attnum) into column_names
  from pg_attribute
  where attrelid = parent and attnum > 0 and not attisdropped and attgenerated = '';
  execute format('create table %s (like %s including all)', catch_all, parent);
  execute format('insert into %1$s (%2$s) select %2$s from %3$s where %4$s', catch_all, column_names, fallback, in_range);
  get diagnostics moved = row_count;
  execute format('delete from %s where %s', fallback, in_range);
  return moved;
end
$$;

-- Creates the given months and moves the catch-alls' inner bounds out of their way, in one transaction. A row that comes
-- to a catch-all while its month is made fails the transaction with 23514; called again, it moves the row too.
create or replace function create_months(parent regclass, months timestamptz[])
returns table (partition_name text, range_start timestamptz, range_end timestamptz, moved_rows bigint)
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  path_prefix text;
  underflow text;
  underflow_end timestamptz;
  overflow text;
  overflow_start timestamptz;
  first_start timestamptz;
  last_end timestamptz;
  catch_all regclass;
  moving regclass[] := '{}';
  replacements regclass[] := '{}'; -- beside moving; null for one that is detached and attached again
  locking_since timestamptz;
  prepared timestamptz[] := '{}';
  restore text[] := '{}';
  statement text;
begin
  select format('%I.%s', nspname, relname) into path_prefix
  from pg_class
  join pg_namespace on pg_namespace.oid = relnamespace
  where pg_class.oid = parent;
  select
    max(ranges.partition::text) filter (where ranges.range_start = '-infinity'),
    max(ranges.range_end) filter (where ranges.range_start = '-infinity'),
    max(ranges.partition::text) filter (where ranges.range_end = 'infinity'),
    max(ranges.range_start) filter (where ranges.range_end = 'infinity'),
    min(ranges.range_start) filter (where ranges.range_start <> '-infinity' and ranges.range_end <> 'infinity'),
    max(ranges.range_end) filter (where ranges.range_start <> '-infinity' and ranges.range_end <> 'infinity')
  into underflow, underflow_end, overflow, overflow_start, first_start, last_end
  from month_partition_ranges(parent) ranges;
  first_start := least(first_start, months[1]);
  last_end := greatest(last_end, months[cardinality(months)] + interval '1 month');

  foreach create_months.range_start in array months loop
    partition_name := path_prefix || to_char(create_months.range_start, '"_y"YYYY"m"MM');
    if to_regclass(partition_name) is not null then
      raise exception 'relation % already exists and does not hold the month %',
        partition_name, to_char(create_months.range_start, 'YYYY-MM')
        using errcode = 'duplicate_table',
              hint = format('attach it to %s with the bounds of that month, or rename it', parent);
    end if;
    create_months.range_end := create_months.range_start + interval '1 month';
    catch_all := case
      when create_months.range_start < underflow_end then underflow
      when create_months.range_start >= overflow_start then overflow
    end::regclass;
    if catch_all is null
       or not catch_all_holds(parent, catch_all, create_months.range_start, create_months.range_end) then
      perform fill_month_partition(parent, partition_name, null, create_months.range_start, create_months.range_end);
      prepared := prepared || create_months.range_start;
    end if;
  end loop;

  if underflow_end > first_start then
    moving := moving || underflow::regclass;
  end if;
  if overflow_start < last_end then
    moving := moving || overflow::regclass;
  end if;
  foreach catch_all in array moving loop
    replacements := replacements || prepare_catch_all(parent, catch_all);
  end loop;

  locking_since := clock_timestamp();
  perform lock_for_months(parent, moving, cardinality(array_positions(replacements, null)) > 0);
  for position in 1 .. cardinality(moving) loop
    restore := restore || set_aside_catch_all(parent, moving[position], replacements[position]);
  end loop;
  perform check_lock_time(locking_since);

  foreach create_months.range_start in array months loop
    create_months.range_end := create_months.range_start + interval '1 month';
    partition_name := path_prefix || to_char(create_months.range_start, '"_y"YYYY"m"MM');
    moved_rows := 0;
    if create_months.range_start <> all (prepared) then
      moved_rows := fill_month_partition(
        parent, partition_name,
        case when create_months.range_start < underflow_end then underflow else overflow end::regclass,
        create_months.range_start, create_months.range_end);
    end if;
    perform attach_month_partition(
      parent, partition_name::regclass, create_months.range_start, create_months.range_end);
    perform check_lock_time(locking_since);
    return next;
  end loop;

  if underflow is null or underflow_end > first_start then
    perform renew_catch_all(parent, coalesce(underflow, path_prefix || '_underflow'), '-infinity', first_start);
  end if;
  if overflow is null or overflow_start < last_end then
    perform renew_catch_all(parent, coalesce(overflow, path_prefix || '_overflow'), last_end, 'infinity');
  end if;
  perform check_lock_time(locking_since);
  foreach statement in array restore loop
    execute statement;
  end loop;
end
$$;

revoke execute on function catch_all_holds(regclass, regclass, timestamptz, timestamptz) from public;
revoke execute on function holds_rows(regclass) from public;
revoke execute on function lock_for_months(regclass, regclass[], boolean) from public;
revoke execute on function prepare_catch_all(regclass, regclass) from public;
revoke execute on function check_lock_time(timestamptz) from public;
revoke execute on function set_aside_catch_all(regclass, regclass, regclass) from public;
revoke execute on function move_catch_all(regclass, regclass, timestamptz, timestamptz) from public;
revoke execute on function drain_default_partition(regclass, regclass, timestamptz[]) from public;
revoke execute on function fill_catch_all(regclass, text, regclass, timestamptz, timestamptz) from public;
revoke execute on function renew_catch_all(regclass, text, timestamptz, timestamptz) from public;
