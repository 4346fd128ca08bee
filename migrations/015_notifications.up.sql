create table notification_templates (
  id uuid primary key default gen_random_uuid(),
  name varchar(100) not null unique,
  type varchar(20) not null,

  -- 암호화된 템플릿 내용
  title_template_encrypted text not null,
  title_key_id varchar(100) not null,
  content_template_encrypted text not null,
  content_key_id varchar(100) not null,

  variables jsonb default '[]',
  is_active boolean default true,

  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  constraint ck_notification_templates_type check (type in ('EMAIL', 'SMS', 'PUSH', 'WEBSOCKET'))
);

create index idx_notification_templates_type on notification_templates (type, is_active);

create table notification_logs (
  id uuid not null default gen_random_uuid(),
  template_id uuid references notification_templates (id),
  recipient_id uuid references users (id),

  -- 암호화된 수신자 정보
  recipient_info_encrypted text not null,
  recipient_key_id varchar(100) not null,

  type varchar(20) not null,
  status varchar(15) not null default 'PENDING',

  -- 암호화된 발송 내용
  content_encrypted text not null,
  content_key_id varchar(100) not null,

  sent_at timestamptz,
  delivered_at timestamptz,
  error_message text,

  created_at timestamptz not null default now(),

  -- The partition key has to be part of the primary key; nothing references this table.
  primary key (id, created_at),
  constraint ck_notification_logs_type check (type in ('EMAIL', 'SMS', 'PUSH', 'WEBSOCKET')),
  constraint ck_notification_logs_status check (status in ('PENDING', 'SENT', 'DELIVERED', 'FAILED'))
) partition by range (created_at);

create index idx_notification_logs_recipient on notification_logs (recipient_id);
create index idx_notification_logs_status on notification_logs (status);
create index idx_notification_logs_created_at on notification_logs (created_at);

select ensure_month_partitions(
  'notification_logs', (now() at time zone 'UTC')::date, (now() at time zone 'UTC' + interval '3 months')::date);
