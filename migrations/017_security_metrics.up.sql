create table security_metrics (
  id uuid primary key default gen_random_uuid(),
  metric_type varchar(50) not null,
  value decimal(15, 4) not null,
  labels jsonb default '{}', -- no personal data: addresses and e-mail only as their HMAC
  threat_level varchar(10) not null default 'LOW',
  is_anomaly boolean default false,
  description text,

  timestamp timestamptz not null default now(),

  constraint ck_security_metrics_threat check (threat_level in ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL'))
);

create index idx_security_metrics_type on security_metrics (metric_type);
create index idx_security_metrics_timestamp on security_metrics (timestamp);
create index idx_security_metrics_threat on security_metrics (threat_level)
  where threat_level in ('HIGH', 'CRITICAL');
create index idx_security_metrics_anomaly on security_metrics (is_anomaly) where is_anomaly = true;
