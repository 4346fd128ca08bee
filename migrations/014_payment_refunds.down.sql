drop table payment_refunds;
drop function check_refund_total();
