-- [ADDITION] Archived values move to another key by new files: a manifest of the kind `rewrap` stands for an earlier one, whose
-- rows it holds with values encrypted anew. The chain says what stands for what; this table says how far each has got, so that
-- `ordersync archive rewrap` resumes after any crash, and which old files are gone, so that their key may go too.

alter table archive_manifests
  drop constraint ck_archive_manifests_kind,
  add constraint ck_archive_manifests_kind check (kind in ('month', 'supplement', 'rewrap'));

create table archive_rewraps (
  supersedes bigint primary key references archive_manifests (sequence), -- the manifest whose rows get other files
  -- planned: new files may have been begun. written: all are in the store. signed: read back, compared, and in the chain.
  -- removing: old files are going. removed: those that no other manifest needs are gone.
  state varchar(10) not null default 'planned',
  rewrap_id varchar(16) not null, -- in the names of the new files, which nothing else shares
  kids varchar(8)[] not null, -- keys that the new files are written under: none of them may be destroyed meanwhile
  written jsonb, -- what the new files hold, until a manifest says it
  manifest_sequence bigint unique references archive_manifests (sequence), -- the manifest that stands for the old one
  problem text, -- why the last run did not finish it
  removed_files integer,
  removed_bytes bigint,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  constraint ck_archive_rewraps_state check (state in ('planned', 'written', 'signed', 'removing', 'removed')),
  -- No file goes before a signed manifest names another one with its rows.
  constraint ck_archive_rewraps_proven check (
    (manifest_sequence is null) = (state in ('planned', 'written')) and (written is not null) = (state = 'written')
  ),
  constraint ck_archive_rewraps_order check (manifest_sequence > supersedes),
  constraint ck_archive_rewraps_removed check (
    (state = 'removed') = (removed_files is not null) and (removed_files is null) = (removed_bytes is null)
  )
);

comment on table archive_rewraps is '아카이브 재암호화 진행 상태 (새 매니페스트가 이전 매니페스트를 대체, 이전 파일 삭제 여부)';
comment on column archive_rewraps.state is 'planned → written → signed (→ removing → removed)';

grant select on archive_rewraps to application_admin_role, ordersync_rotator;
