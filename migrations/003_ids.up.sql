-- Identifiers that carry their time, and the identity of the user a transaction works for.

-- [ADDITION] The smallest UUIDv7 (RFC 9562) of a moment: 48 bits of Unix milliseconds and no random bits, so that month
-- bounds tile exactly. A time filter on orders or payments should also carry id >= uuid_v7_floor(moment): it prunes.
create function uuid_v7_floor(at timestamptz)
returns uuid
language sql
immutable
strict
parallel safe
return (
  case
    when extract(epoch from at) >= 0 and extract(epoch from at) < 281474976710.656
      then lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20)
    -- An expression cannot raise; the cast of this text to uuid does, with these words in the message.
    else 'a UUIDv7 reaches from 1970 to 10889'
  end
)::uuid;

-- [ADDITION] A new UUIDv7. id and created_at of orders and payments must come from one instant, so both default to
-- now() on every version; PostgreSQL 18's uuidv7() reads the clock by itself and is not used. Whoever sets created_at
-- explicitly sets id = uuid_v7(created_at).
create function uuid_v7(at timestamptz default now())
returns uuid
language sql
volatile
parallel safe
return encode(
  -- Bits 48 to 51 of a random (version 4) id are 0100; setting two more makes them 0111. The variant bits are right.
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid()) placing substring(uuid_send(uuid_v7_floor(at)) from 1 for 6) from 1 for 6),
    52, 1), 53, 1),
  'hex')::uuid;

-- [ADDITION] The millisecond in which a UUIDv7 was made; meaningless for other ids.
create function uuid_v7_timestamp(id uuid)
returns timestamptz
language sql
immutable
strict
parallel safe
return timestamptz 'epoch'
  + ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint * interval '1 millisecond';

-- [ADDITION] The user a transaction works for, null for system work. A setting made by "set local" is an empty string
-- in the next transaction of a pooled session, and an unset one does not exist at all: both mean nobody.
create function app_current_user_id()
returns uuid
language sql
stable
parallel safe
return nullif(current_setting('app.current_user_id', true), '')::uuid;

comment on function uuid_v7_floor(timestamptz) is '해당 시각의 가장 작은 UUIDv7 (월 파티션 경계, 시간 조건용)';
comment on function uuid_v7(timestamptz) is 'UUIDv7 생성 - id와 created_at은 같은 시각에서 만들어야 함';
comment on function uuid_v7_timestamp(uuid) is 'UUIDv7에 담긴 시각';
comment on function app_current_user_id() is '현재 트랜잭션의 사용자 (app.current_user_id), 시스템 작업이면 NULL';
