-- [ADDITION] Monthly partitions of audit_logs and notification_logs (RANGE on created_at) and of orders and payments
-- (RANGE on a UUIDv7 id). Months are UTC months. Every table also has <table>_underflow, from MINVALUE to its first month,
-- and <table>_overflow, from the end of its last month to MAXVALUE, so that no INSERT ever fails for lack of a month.
-- A DEFAULT partition would forbid DETACH CONCURRENTLY and be scanned under an exclusive lock for each new month.
--
-- The functions read months from the bounds in the catalogue, never from names, and have their own TimeZone and DateStyle:
-- a bound made in Seoul beside one made in UTC leaves a nine-hour hole in which every INSERT fails.

-- The range each partition holds; '-infinity' and 'infinity' stand for MINVALUE and MAXVALUE.
create function month_partition_ranges(parent regclass)
returns table (partition regclass, range_start timestamptz, range_end timestamptz)
language sql
stable
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
  select
    bound.partition,
    case
      when bound.ends[1] is null then '-infinity'
      when bound.by_id then uuid_v7_timestamp(bound.ends[1]::uuid)
      else bound.ends[1]::timestamptz
    end,
    case
      when bound.ends[2] is null then 'infinity'
      when bound.by_id then uuid_v7_timestamp(bound.ends[2]::uuid)
      else bound.ends[2]::timestamptz
    end
  from (
    select
      child.oid::regclass as partition,
      key.atttypid = 'uuid'::regtype as by_id,
      regexp_match(
        pg_get_expr(child.relpartbound, child.oid),
        'FOR VALUES FROM \((?:MINVALUE|''([^'']*)'')\) TO \((?:MAXVALUE|''([^'']*)'')\)'
      ) as ends
    from pg_inherits
    join pg_class child on child.oid = pg_inherits.inhrelid
    join pg_partitioned_table partitioned on partitioned.partrelid = pg_inherits.inhparent
    join pg_attribute key on key.attrelid = partitioned.partrelid and key.attnum = partitioned.partattrs[0]
    where pg_inherits.inhparent = parent
  ) bound
  where bound.ends is not null
  order by 2
$$;

-- Gives a partition what it does not inherit from its parent: statement triggers (TRUNCATE among them) and the row security
-- switch; and takes away what default privileges gave it, because the parent's policies do not apply to direct access.
create function align_month_partition(parent regclass, partition regclass)
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  statement_trigger record;
  holder record;
  parent_name text;
begin
  select format(' ON %I.%I ', pg_namespace.nspname, pg_class.relname) into parent_name
  from pg_class
  join pg_namespace on pg_namespace.oid = pg_class.relnamespace
  where pg_class.oid = parent;

  for statement_trigger in
    select tgname, tgenabled, pg_get_triggerdef(oid) as definition
    from pg_trigger
    -- Bit 0 of tgtype marks row triggers: those the partition inherits.
    where tgrelid = parent and not tgisinternal and tgtype & 1 = 0
    order by tgname
  loop
    execute regexp_replace(
      replace(statement_trigger.definition, parent_name, format(' ON %s ', partition)),
      '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER');
    if statement_trigger.tgenabled = 'A' then
      execute format('alter table %s enable always trigger %I', partition, statement_trigger.tgname);
    end if;
  end loop;

  if (select relrowsecurity from pg_class where oid = parent) then
    execute format('alter table %s enable row level security', partition);
  end if;

  for holder in
    select distinct case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end as name
    from pg_class, aclexplode(pg_class.relacl)
    where pg_class.oid = partition and grantee <> pg_class.relowner
  loop
    execute format('revoke all on %s from %s', partition, holder.name);
  end loop;
end
$$;

-- Creates the table of one month (not attached yet) and moves the month's rows out of a detached catch-all. Returns how
-- many rows moved.
create function fill_month_partition(
  parent regclass, partition text, catch_all regclass, range_start timestamptz, range_end timestamptz
)
returns bigint
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  key_name name;
  key_type regtype;
  column_names text;
  in_month text;
  near_month text := format(
    'created_at >= %L and created_at < %L', range_start - interval '1 day', range_end + interval '1 day');
  strays bigint := 0;
  moved bigint := 0;
begin
  select attname, atttypid into key_name, key_type
  from pg_partitioned_table
  join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
  where partrelid = parent;

  -- Not CREATE ... PARTITION OF: that takes ACCESS EXCLUSIVE on the parent and on every table it references.
  execute format('create table %s (like %s including all)', partition, parent);

  if catch_all is not null then
    in_month := format(
      '%1$I >= %2$L and %1$I < %3$L', key_name,
      case when key_type = 'uuid'::regtype then uuid_v7_floor(range_start)::text else range_start::text end,
      case when key_type = 'uuid'::regtype then uuid_v7_floor(range_end)::text else range_end::text end);
    select string_agg(quote_ident(attname), ', ' order by attnum) into column_names
    from pg_attribute
    where attrelid = parent and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('insert into %s (%s) select %2$s from %s where %s', partition, column_names, catch_all, in_month);
    get diagnostics moved = row_count;
  end if;

  if moved > 0 then
    execute format('select count(*) from %s where not (%s)', partition, near_month) into strays;
    execute format('delete from %s where %s', catch_all, in_month);
  end if;

  -- An id and its created_at come from one instant. The day on either side is for ids made by an application shortly
  -- before the row; the constraint lets the planner skip months for a condition on created_at.
  if key_type = 'uuid'::regtype and strays = 0 then
    execute format(
      'alter table %s add constraint %I check (%s)',
      partition, format('ck_%s_created_at_month', (select relname from pg_class where oid = parent)), near_month);
  elsif strays > 0 then
    raise warning '% rows of % have an id of that month and a created_at far from it: made without the check', strays, partition
      using hint = 'ids not made by uuid_v7(created_at); conditions on created_at cannot skip this partition';
  end if;
  return moved;
end
$$;

-- Attaches a table with the range it is to hold. SHARE UPDATE EXCLUSIVE on the parent, SHARE ROW EXCLUSIVE on the tables
-- its foreign keys point to: callers outside a migration set a short lock_timeout (150 ms) and try again.
create function attach_month_partition(
  parent regclass, partition regclass, range_start timestamptz, range_end timestamptz
)
returns void
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  by_id boolean := (
    select atttypid = 'uuid'::regtype
    from pg_partitioned_table
    join pg_attribute on attrelid = partrelid and attnum = partattrs[0]
    where partrelid = parent
  );
begin
  execute format(
    'alter table %s attach partition %s for values from (%s) to (%s)', parent, partition,
    case
      when range_start = '-infinity' then 'minvalue'
      when by_id then quote_literal(uuid_v7_floor(range_start))
      else quote_literal(range_start)
    end,
    case
      when range_end = 'infinity' then 'maxvalue'
      when by_id then quote_literal(uuid_v7_floor(range_end))
      else quote_literal(range_end)
    end);
  perform align_month_partition(parent, partition);
end
$$;

-- Detaches a catch-all so that its range can change. PostgreSQL refuses to detach rows that other tables reference, also for
-- a moment: then the foreign keys to the parent go first. Returns the statements that bring them back; their validation
-- reads the referencing tables, which is the price of rows that lay in a catch-all.
create function detach_catch_all(parent regclass, catch_all regclass)
returns text[]
language plpgsql
set search_path = public, pg_temp
as $$
declare
  restore text[] := '{}';
  foreign_key record;
  statement_trigger name;
begin
  begin
    execute format('alter table %s detach partition %s', parent, catch_all);
  exception
    when foreign_key_violation then
      for foreign_key in
        select conrelid::regclass as referencing, conname, pg_get_constraintdef(oid) as definition
        from pg_constraint
        where confrelid = parent and contype = 'f' and conparentid = 0
        order by conrelid::regclass::text, conname
      loop
        restore := restore || format(
          'alter table %s add constraint %I %s',
          foreign_key.referencing, foreign_key.conname, foreign_key.definition);
        execute format('alter table %s drop constraint %I', foreign_key.referencing, foreign_key.conname);
      end loop;
      execute format('alter table %s detach partition %s', parent, catch_all);
  end;
  -- What is left are its own statement triggers, which may forbid moving rows out; attaching makes them anew.
  for statement_trigger in
    select tgname from pg_trigger where tgrelid = catch_all and not tgisinternal
  loop
    execute format('drop trigger %I on %s', statement_trigger, catch_all);
  end loop;
  return restore;
end
$$;

-- The first instants of the months to create, so that afterwards every month from range_start to range_end has a partition
-- and no hole lies between those months and the ones there are.
create function missing_months(parent regclass, range_start timestamptz, range_end timestamptz)
returns setof timestamptz
language plpgsql
stable
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  -- Fifty relations (tables, indexes, TOAST) are locked per month over all four tables; half the lock table is enough.
  most_months constant integer := current_setting('max_locks_per_transaction')::integer
    * (current_setting('max_connections')::integer + current_setting('max_prepared_transactions')::integer) / 100;
  first_start timestamptz;
  last_end timestamptz;
  month record;
  missing integer := 0;
begin
  select
    coalesce(max(ranges.range_end) filter (where ranges.range_start = '-infinity'),
             min(ranges.range_start), missing_months.range_start),
    coalesce(min(ranges.range_start) filter (where ranges.range_end = 'infinity'),
             max(ranges.range_end), missing_months.range_end)
  into first_start, last_end
  from month_partition_ranges(parent) ranges;

  for month in
    with months as materialized (
      select ranges.partition, ranges.range_start, ranges.range_end
      from month_partition_ranges(parent) ranges
      where ranges.range_start <> '-infinity' and ranges.range_end <> 'infinity'
    )
    select candidate, neighbour.partition, neighbour.range_start, neighbour.range_end
    from generate_series(
      date_trunc('month', least(missing_months.range_start, last_end)),
      greatest(missing_months.range_end, first_start) - interval '1 second',
      interval '1 month'
    ) candidate
    left join lateral (
      select months.partition, months.range_start, months.range_end
      from months
      where months.range_start < candidate + interval '1 month' and months.range_end > candidate
      order by months.range_start
      limit 1
    ) neighbour on true
    where neighbour.partition is null
      or neighbour.range_start > candidate
      or neighbour.range_end < candidate + interval '1 month'
    order by candidate
  loop
    if month.partition is not null then
      raise exception '% holds only part of the month %', month.partition, to_char(month.candidate, 'YYYY-MM')
        using errcode = 'object_not_in_prerequisite_state',
              detail = format('it reaches from %s to %s', month.range_start, month.range_end),
              hint = 'its bounds are not months in UTC: detach it, and move its rows into month partitions';
    end if;
    missing := missing + 1;
    if missing > most_months then
      raise exception '% lacks more than the % months this server has locks for', parent, most_months
        using errcode = 'program_limit_exceeded', hint = 'call it for fewer months at a time, nearest first';
    end if;
    return next month.candidate;
  end loop;
end
$$;

-- Creates the given months and moves the catch-alls' inner bounds out of their way, in one transaction of a few
-- milliseconds when the catch-alls hold no rows for them.
create function create_months(parent regclass, months timestamptz[])
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

-- Makes sure that one table has a partition for every month from from_month to to_month (any day of the month), be they
-- past, present or future, and both catch-alls. Rows that lie in a catch-all move into their month. With nothing to do it
-- takes no lock. Returns the months it created. Errors: 22023 for arguments, 42P07 when a name is taken, 55000 for an
-- inherited partition whose bounds are not months, 54000 for more months than the server has locks for.
create function ensure_month_partitions(parent regclass, from_month date, to_month date)
returns table (partition_name text, range_start timestamptz, range_end timestamptz, moved_rows bigint)
language plpgsql
set search_path = public, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  wanted_start timestamptz;
  wanted_end timestamptz;
  months timestamptz[];
begin
  if from_month is null or to_month is null or from_month > to_month
     or not isfinite(from_month) or not isfinite(to_month) or from_month < date '1970-02-01' then
    raise exception 'no months from % to %', from_month, to_month
      using errcode = 'invalid_parameter_value', hint = 'give two dates, the earlier one first, since February 1970';
  end if;
  wanted_start := date_trunc('month', from_month::timestamptz);
  wanted_end := date_trunc('month', to_month::timestamptz) + interval '1 month';
  if not exists (select from missing_months(parent, wanted_start, wanted_end)) then
    return;
  end if;

  -- Conflicts with itself: a second call waits here and then finds nothing left to do.
  execute format('lock table only %s in share update exclusive mode', parent);
  months := array(select month from missing_months(parent, wanted_start, wanted_end) month order by month);
  if months <> '{}' then
    return query select * from create_months(parent, months);
  end if;
end
$$;

-- The same for all four tables. It is one transaction: when one table fails none is changed. A scheduler that wants each
-- table to stand for itself calls the function above for each.
create function ensure_month_partitions(from_month date, to_month date)
returns table (partition_name text, range_start timestamptz, range_end timestamptz, moved_rows bigint)
language sql
set search_path = public, pg_temp
as $$
  select created.partition_name, created.range_start, created.range_end, created.moved_rows
  from unnest(array['orders', 'payments', 'audit_logs', 'notification_logs']) with ordinality parent (name, position)
  cross join lateral ensure_month_partitions(to_regclass(parent.name), from_month, to_month) created
  where to_regclass(parent.name) is not null
  order by parent.position, created.range_start
$$;

comment on function ensure_month_partitions(date, date) is
  '월 파티션 보장 (과거/현재/미래, UTC 기준) - 생성한 파티션을 반환';

-- Changing partitions is the owner's work.
revoke execute on function align_month_partition(regclass, regclass) from public;
revoke execute on function fill_month_partition(regclass, text, regclass, timestamptz, timestamptz) from public;
revoke execute on function attach_month_partition(regclass, regclass, timestamptz, timestamptz) from public;
revoke execute on function detach_catch_all(regclass, regclass) from public;
revoke execute on function create_months(regclass, timestamptz[]) from public;
revoke execute on function ensure_month_partitions(regclass, date, date) from public;
revoke execute on function ensure_month_partitions(date, date) from public;
