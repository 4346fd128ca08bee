-- [ADDITION] What the archive remembers. The journal says how far each month got, so that `ordersync archive run` resumes
-- after any crash; manifests and head are what is signed and chained, here beside the store, so that neither can lose its
-- tail unseen. Retention has one owner: what the journal names leaves by the archive alone.

-- Every manifest, byte for byte as it is signed and as it lies in the store.
create table archive_manifests (
  sequence bigint primary key, -- from 1, without gaps
  digest varchar(64) not null, -- SHA-256 of the manifest's bytes
  previous varchar(64), -- digest of the manifest before; null for the first
  source_table varchar(63) not null,
  month varchar(7) not null,
  kind varchar(10) not null,
  range_start timestamptz not null,
  range_end timestamptz not null,
  manifest text not null, -- canonical JSON: text, because jsonb would write it in another form
  signature_algorithm varchar(20) not null,
  signing_key varchar(100) not null,
  signature text not null,
  location text not null, -- the store, as people know it; no secret
  created_at timestamptz not null default now(),

  constraint uk_archive_manifests_digest unique (digest),
  constraint ck_archive_manifests_sequence check (sequence > 0 and (sequence = 1) = (previous is null)),
  constraint ck_archive_manifests_digest check (digest ~ '^[0-9a-f]{64}$' and previous ~ '^[0-9a-f]{64}$'),
  constraint ck_archive_manifests_month check (month ~ '^\d{4}-\d\d$'),
  constraint ck_archive_manifests_kind check (kind in ('month', 'supplement'))
);

create index idx_archive_manifests_month on archive_manifests (source_table, month, sequence);

-- The newest manifest, in one row that is advanced by compare-and-set.
create table archive_head (
  only_row boolean primary key default true,
  sequence bigint not null,
  digest varchar(64), -- null before the first

  constraint ck_archive_head_only_row check (only_row),
  constraint ck_archive_head_digest check ((sequence = 0) = (digest is null))
);

insert into archive_head (sequence) values (0);

-- One row for each table and month, and one for each supplement: rows that came after their month had left.
create table archive_journal (
  id bigint generated always as identity primary key,
  source_table varchar(63) not null,
  month varchar(7) not null,
  range_start timestamptz not null,
  range_end timestamptz not null,
  kind varchar(10) not null default 'month',
  number integer not null default 0, -- of the supplement, from 1
  -- planned: its export may have begun. exported: its files are in the store. verified: read back from there, and signed.
  -- detached: a table of its own. dropped: proven once more, and gone. restored: brought back by archive restore.
  state varchar(10) not null default 'planned',
  location text not null, -- the store, as people know it
  partition_name varchar(63), -- the table that holds the month; null where rows leave one by one
  partition_oid oid, -- knows it again after a rename
  export_id varchar(16), -- in the names of the files of this export, which no other export shares
  sources jsonb, -- what was exported, until a manifest says it
  manifest_sequence bigint references archive_manifests (sequence),
  -- Rows that depend on the month, or the rows themselves where there is no partition, have begun to leave.
  leaving boolean not null default false,
  problem text, -- why the last run did not finish it
  restored_to varchar(63), -- the table that a restored month is in: one of its own, or a partition again
  restored_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  constraint uk_archive_journal_month unique (source_table, month, kind, number),
  constraint ck_archive_journal_month check (month ~ '^\d{4}-\d\d$' and range_start < range_end),
  constraint ck_archive_journal_kind check (kind in ('month', 'supplement') and (kind = 'month') = (number = 0)),
  constraint ck_archive_journal_state check (
    state in ('planned', 'exported', 'verified', 'detached', 'dropped', 'restored')
  ),
  -- Nothing leaves without a signed manifest.
  constraint ck_archive_journal_proven check (
    manifest_sequence is not null or state in ('planned', 'exported') and not leaving
  ),
  constraint ck_archive_journal_restored check ((restored_to is null) = (restored_at is null))
);

create index idx_archive_journal_manifest_sequence on archive_journal (manifest_sequence);

comment on table archive_manifests is '서명된 아카이브 매니페스트 (정규 JSON 원문과 서명, 이전 매니페스트와 해시로 연결)';
comment on table archive_head is '최신 매니페스트의 순번과 다이제스트 (1행)';
comment on table archive_journal is '월별 아카이브 진행 상태 (재개 가능, 삭제 전 검증)';
comment on column archive_journal.state is 'planned → exported → verified → detached → dropped (→ restored)';
comment on column archive_journal.problem is '마지막 실행이 끝나지 못한 이유';

grant select on archive_manifests, archive_head, archive_journal to application_admin_role, ordersync_rotator;

-- Rows of the archive table leave like those of audit_logs: by their own archive, which names its transaction, and by
-- nothing else.
create trigger audit_logs_archive_guard_delete
  before delete on audit_logs_archive
  for each statement
  execute function audit_logs_guard();

alter table audit_logs_archive enable always trigger audit_logs_archive_guard_delete;

-- Keeps a month that was restored into a table of its own as the archive has it.
create function refuse_restored_write()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception '% is a restored archive: % refused', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege',
          hint = 'it is read-only; copy its rows, or drop it when it is not needed any more';
end
$$;

-- Whether a clean-up may delete now: takes the archive's lock until the end of the transaction, as archive_old_audit_logs()
-- does.
create function try_archive_lock()
returns boolean
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if pg_try_advisory_xact_lock(hashtextextended('ordersync archive', 0)) then
    return true;
  end if;
  raise notice 'an archive is at work: nothing deleted';
  return false;
end
$$;

-- 1년 이상 된 알림 발송 로그 삭제. Leaves alone every month that the archive's journal knows.
create or replace function cleanup_old_notification_logs()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
declare
  cut constant timestamptz := now() - interval '1 year';
  stop_at constant timestamptz := clock_timestamp() + interval '20 seconds';
  journaled tstzmultirange;
  batch bigint;
begin
  if not try_archive_lock() then
    return;
  end if;
  select coalesce(range_agg(tstzrange(range_start, range_end)), '{}') into journaled
  from archive_journal
  where source_table = 'notification_logs';
  loop
    delete from notification_logs
    where created_at < cut
      and not created_at <@ journaled
      and id = any (array(
        select id from notification_logs where created_at < cut and not created_at <@ journaled limit 10000));
    get diagnostics batch = row_count;
    exit when batch < 10000 or clock_timestamp() > stop_at;
  end loop;
end
$$;

-- 5년 이상 된 결제 이벤트 삭제. Events of a payment whose month the journal knows leave with that month.
create or replace function cleanup_old_payment_events()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if try_archive_lock() then
    perform delete_in_batches(
      'payment_events',
      $condition$created_at < now() - interval '5 years' and not exists (
        select from archive_journal
        where source_table = 'payments'
          and payment_id >= uuid_v7_floor(range_start) and payment_id < uuid_v7_floor(range_end))$condition$);
  end if;
end
$$;

create or replace function cleanup_old_order_history()
returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if try_archive_lock() then
    perform delete_in_batches(
      'order_status_history',
      $condition$created_at < now() - interval '5 years' and not exists (
        select from archive_journal
        where source_table = 'orders'
          and order_id >= uuid_v7_floor(range_start) and order_id < uuid_v7_floor(range_end))$condition$);
  end if;
end
$$;

revoke execute on function try_archive_lock(), refuse_restored_write() from public;
