-- Whatever was encrypted with these keys cannot be read any more; a backup of the rows brings that back.
revoke select on encryption_keys from ordersync_rotator;
drop table blind_index_keys;
drop table encryption_data_keys;
