-- [ADDITION] How often each key has encrypted for archives. AES-GCM allows 2^32 values under one key, table and column
-- (docs/ciphertext.md, section 5), and `ordersync archive rewrap` encrypts values that no table shows: `ordersync key status` adds them.

create table archive_rewrap_encryptions (
  kid varchar(8) not null, -- no foreign key: a key that is destroyed has encrypted nevertheless
  source_table varchar(63) not null,
  -- Of each of its columns at most so many values: counted before they are encrypted, so that a run that dies counts too.
  most_values bigint not null,

  constraint pk_archive_rewrap_encryptions primary key (kid, source_table),
  constraint ck_archive_rewrap_encryptions_values check (most_values > 0)
);

comment on table archive_rewrap_encryptions is '아카이브 재암호화에 사용된 키별 암호화 횟수 상한 (테이블의 컬럼마다)';

-- What was rewrapped before this file: a column has as many values as rows, and as many as are under the key, at most.
insert into archive_rewrap_encryptions (kid, source_table, most_values)
select
  key.kid,
  source.value ->> 'table',
  sum(least((source.value ->> 'rows')::bigint, key.key_values::bigint))
from archive_manifests archived
cross join lateral jsonb_array_elements(archived.manifest::jsonb -> 'sources') with ordinality source (value, place)
cross join lateral jsonb_each_text(source.value -> 'keyIds') key (kid, key_values)
where archived.kind = 'rewrap'
  -- Of the other sources the files were kept.
  and archived.manifest::jsonb #> array['supersedes', 'sources', (source.place - 1)::text, 'unchanged'] <> 'null'
  and least((source.value ->> 'rows')::bigint, key.key_values::bigint) > 0
group by 1, 2;

grant select on archive_rewrap_encryptions to application_admin_role, ordersync_rotator;
