create table api_rate_limits (
  id uuid primary key default gen_random_uuid(),
  identifier varchar(100) not null, -- keyed HMAC of the address for 'IP', the user's id for 'USER', 'global' for 'GLOBAL'
  identifier_type varchar(20) not null, -- 'IP', 'USER', 'GLOBAL'
  endpoint varchar(200),

  request_count integer not null default 0,
  window_start timestamptz not null,
  window_end timestamptz not null,

  created_at timestamptz not null default now(),

  constraint ck_rate_limits_type check (identifier_type in ('IP', 'USER', 'GLOBAL')),
  -- [ADDITION] A negative count would grant requests; a window that ends before it starts never matches.
  constraint ck_rate_limits_count check (request_count >= 0),
  constraint ck_rate_limits_window check (window_end > window_start)
);

-- Nulls not distinct: without an endpoint there would be a new counter for every request, and none would ever fill.
create unique index idx_rate_limits_identifier on api_rate_limits (
  identifier, identifier_type, endpoint, window_start
) nulls not distinct;
create index idx_rate_limits_window_end on api_rate_limits (window_end);

comment on table api_rate_limits is 'Redis 장애 시 PostgreSQL Fallback';
