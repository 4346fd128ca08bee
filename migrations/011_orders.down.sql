drop table order_status_history;
drop table order_items;
drop table orders;
