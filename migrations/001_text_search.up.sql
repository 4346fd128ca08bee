-- Extensions and the text search configuration that the indexes on restaurants.name_search need.

-- [ADDITION] Substring search: a text search configuration finds whole words and prefixes only ("치킨" finds neither
-- "치킨집" nor "교촌치킨"). pg_trgm is a trusted extension, so the owner of the database may create it.
create extension if not exists pg_trgm;

-- With lc_ctype = C pg_trgm makes no trigrams out of Hangul, without an error: the index would be built and find nothing.
do $$
begin
  if cardinality(show_trgm('치킨')) = 0 then
    raise notice 'lc_ctype % yields no trigrams for Hangul: substring search on restaurants.name_search finds nothing',
      (select datctype from pg_database where datname = current_database())
      using hint = 'create the database with a UTF-8 locale such as C.UTF-8 or ko_KR.UTF-8';
  end if;
end
$$;

-- Only superusers (or a provider's administrator) may create pg_stat_statements. It serves the monitoring queries and
-- nothing in the schema depends on it, so its absence is told and is no failure.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_stat_statements') then
    return;
  end if;
  if not exists (select from pg_available_extensions where name = 'pg_stat_statements') then
    raise notice 'pg_stat_statements is not installed on this server: slow-query reports stay empty';
    return;
  end if;
  create extension pg_stat_statements;
exception
  when insufficient_privilege then
    raise notice 'pg_stat_statements needs a superuser: slow-query reports stay empty'
      using hint = 'let an administrator run: create extension pg_stat_statements';
end
$$;

-- No PostgreSQL ships a configuration named korean. A copy of simple keeps the specification's index expression literal
-- and needs no superuser. A configuration of that name which is already there (a real Korean parser) is better: keep it.
do $$
begin
  if not exists (select from pg_ts_config where cfgname = 'korean' and pg_ts_config_is_visible(oid)) then
    create text search configuration public.korean (copy = pg_catalog.simple);
    comment on text search configuration public.korean is 'ordersync: simple을 복사한 한국어 검색 설정';
  end if;
end
$$;
