-- Orders, what was ordered, and the history of their status.

create table orders (
  id uuid primary key default uuid_v7(), -- UUIDv7: the table is partitioned by the month in the id
  restaurant_id uuid not null references restaurants (id),
  customer_id uuid references users (id), -- NULL 허용 (익명 주문)

  -- 암호화된 주문 정보
  table_info_encrypted text,
  table_key_id varchar(100),
  items_encrypted text not null, -- JSON 배열 암호화
  items_key_id varchar(100) not null,
  special_requests_encrypted text,
  special_requests_key_id varchar(100),

  -- 금액 정보 (암호화하지 않음). Not null: with a null part the sum below would hold for any total.
  subtotal bigint not null,
  discount_amount bigint not null default 0,
  tax_amount bigint not null default 0,
  total_amount bigint not null,

  -- 주문 상태
  status varchar(15) not null default 'PENDING',
  estimated_time integer, -- 분 단위

  -- 익명 주문 지원
  anonymous_token varchar(128), -- the hash of the token handed to the customer, never the token itself
  anonymous_expires_at timestamptz, -- 24시간 후 만료

  -- 타임스탬프
  created_at timestamptz not null default now(),
  accepted_at timestamptz,
  preparing_at timestamptz,
  ready_at timestamptz,
  completed_at timestamptz,
  cancelled_at timestamptz,

  version bigint not null default 1,

  constraint ck_orders_status check (
    status in ('PENDING', 'ACCEPTED', 'PREPARING', 'READY', 'COMPLETED', 'CANCELLED')
  ),
  constraint ck_orders_amounts check (total_amount = subtotal - discount_amount + tax_amount),
  -- [ADDITION] The sum alone accepts a negative total.
  constraint ck_orders_amounts_not_negative check (
    subtotal >= 0 and discount_amount >= 0 and tax_amount >= 0 and total_amount >= 0
  ),
  -- [ADDITION] Half a pair cannot be decrypted.
  constraint ck_orders_table_info_pair check ((table_info_encrypted is null) = (table_key_id is null)),
  constraint ck_orders_special_requests_pair check (
    (special_requests_encrypted is null) = (special_requests_key_id is null)
  )
) partition by range (id);

-- 복합 인덱스 (쿼리 패턴 최적화)
create index idx_orders_restaurant_status on orders (restaurant_id, status, created_at desc);
create index idx_orders_customer_id on orders (customer_id) where customer_id is not null;
create index idx_orders_anonymous_token on orders (anonymous_token) where anonymous_token is not null;
create index idx_orders_created_at on orders (created_at desc);
create index idx_orders_status_pending on orders (status, created_at) where status = 'PENDING';
-- 활성 주문만 인덱싱 (대기/진행 중 주문)
create index idx_orders_active on orders (restaurant_id, created_at desc)
  where status in ('PENDING', 'ACCEPTED', 'PREPARING');
-- [ADDITION] The job that expires anonymous orders runs every half hour and would read every order.
create index idx_orders_anonymous_expiry on orders (anonymous_expires_at)
  where customer_id is null and status not in ('COMPLETED', 'CANCELLED');

comment on column orders.anonymous_token is 'UUID + HMAC - 익명 주문 추적용 (해시만 저장)';
comment on column orders.anonymous_expires_at is '익명 주문 24시간 후 자동 만료';

select ensure_month_partitions(
  'orders', (now() at time zone 'UTC')::date, (now() at time zone 'UTC' + interval '3 months')::date);

-- [ADDITION] The specification's order list joins this table and declares it nowhere. The application writes it beside
-- orders.items_encrypted.
create table order_items (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references orders (id) on delete cascade,
  menu_id uuid not null references menus (id),
  quantity integer not null,
  unit_price bigint not null,
  created_at timestamptz not null default now(),

  constraint ck_order_items_quantity check (quantity > 0),
  constraint ck_order_items_unit_price check (unit_price >= 0)
);

create index idx_order_items_order_id on order_items (order_id);
create index idx_order_items_menu_id on order_items (menu_id);

comment on table order_items is '주문 항목 - 주문 목록 조회용 (상세는 orders.items_encrypted)';

-- It goes with its order (the specification's cascade); months leave in the order history, items, payments, orders.
create table order_status_history (
  id uuid primary key default gen_random_uuid(),
  order_id uuid not null references orders (id) on delete cascade,

  old_status varchar(15),
  new_status varchar(15) not null,
  changed_by uuid references users (id),
  reason text,
  message text, -- 고객용 메시지

  created_at timestamptz not null default now()
);

create index idx_order_history_order_id on order_status_history (order_id);
create index idx_order_history_created_at on order_status_history (created_at);

comment on table order_status_history is '주문 상태 변경 이력 - 감사 목적';
