drop function app_current_user_id();
drop function uuid_v7_timestamp(uuid);
drop function uuid_v7(timestamptz);
drop function uuid_v7_floor(timestamptz);
