-- The function as it was, with all its locks taken one after the other.
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

  if underflow_end > first_start then
    restore := restore || detach_catch_all(parent, underflow::regclass);
  end if;
  if overflow_start < last_end then
    restore := restore || detach_catch_all(parent, overflow::regclass);
  end if;

  foreach create_months.range_start in array months loop
    create_months.range_end := create_months.range_start + interval '1 month';
    partition_name := path_prefix || to_char(create_months.range_start, '"_y"YYYY"m"MM');
    if to_regclass(partition_name) is not null then
      raise exception 'relation % already exists and does not hold the month %',
        partition_name, to_char(create_months.range_start, 'YYYY-MM')
        using errcode = 'duplicate_table',
              hint = format('attach it to %s with the bounds of that month, or rename it', parent);
    end if;
    moved_rows := fill_month_partition(
      parent, partition_name,
      case
        when create_months.range_start < underflow_end then underflow
        when create_months.range_start >= overflow_start then overflow
      end::regclass,
      create_months.range_start, create_months.range_end);
    perform attach_month_partition(
      parent, partition_name::regclass, create_months.range_start, create_months.range_end);
    return next;
  end loop;

  if underflow is null then
    underflow := path_prefix || '_underflow';
    execute format('create table %s (like %s including all)', underflow, parent);
    perform attach_month_partition(parent, underflow::regclass, '-infinity', first_start);
  elsif underflow_end > first_start then
    perform attach_month_partition(parent, underflow::regclass, '-infinity', first_start);
  end if;
  if overflow is null then
    overflow := path_prefix || '_overflow';
    execute format('create table %s (like %s including all)', overflow, parent);
    perform attach_month_partition(parent, overflow::regclass, last_end, 'infinity');
  elsif overflow_start < last_end then
    perform attach_month_partition(parent, overflow::regclass, last_end, 'infinity');
  end if;
  foreach statement in array restore loop
    execute statement;
  end loop;
end
$$;

drop function fill_catch_all(regclass, text, regclass, timestamptz, timestamptz);
drop function drain_default_partition(regclass, regclass, timestamptz[]);
drop function move_catch_all(regclass, regclass, timestamptz, timestamptz);
drop function set_aside_catch_all(regclass, regclass, regclass);
drop function check_lock_time(timestamptz);
drop function prepare_catch_all(regclass, regclass);
drop function renew_catch_all(regclass, text, timestamptz, timestamptz);
drop function lock_for_months(regclass, regclass[], boolean);
drop function holds_rows(regclass);
drop function catch_all_holds(regclass, regclass, timestamptz, timestamptz);
