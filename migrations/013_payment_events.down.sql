drop function refresh_payment_current_state();
drop materialized view payment_current_state;
drop table payment_events;
