drop function ensure_month_partitions(date, date);
drop function ensure_month_partitions(regclass, date, date);
drop function create_months(regclass, timestamptz[]);
drop function missing_months(regclass, timestamptz, timestamptz);
drop function detach_catch_all(regclass, regclass);
drop function attach_month_partition(regclass, regclass, timestamptz, timestamptz);
drop function fill_month_partition(regclass, text, regclass, timestamptz, timestamptz);
drop function align_month_partition(regclass, regclass);
drop function month_partition_ranges(regclass);
