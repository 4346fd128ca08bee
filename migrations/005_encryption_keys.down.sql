drop table encryption_keys;
