do $$
begin
  if exists (select from archive_manifests where kind = 'rewrap') then
    raise exception 'archives were rewrapped: without archive_rewraps nobody knows whose old files are gone'
      using hint = 'stay on this version';
  end if;
end
$$;

drop table archive_rewraps;

alter table archive_manifests
  drop constraint ck_archive_manifests_kind,
  add constraint ck_archive_manifests_kind check (kind in ('month', 'supplement'));
