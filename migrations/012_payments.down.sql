drop table payment_order_keys;
drop table payments;
drop function keep_payment_order_key();
