drop function change_order_status(uuid, text, bigint, text, text);
