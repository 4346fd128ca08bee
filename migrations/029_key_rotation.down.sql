drop table key_rotation_bad_rows;
drop table key_rotation_chunks;
drop table key_rotation_runs;
