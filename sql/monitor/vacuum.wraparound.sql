-- summary: age of the oldest transaction id and multixact of each database
-- param: old_age bigint = 500000000  age from which it is a warning
-- param: critical_age bigint = 1500000000  age from which it is critical; at about 2.1 billion the server stops writing
-- column: database text label
-- column: xid_age bigint gauge
-- column: freeze_ratio double precision gauge ratio  of the age at which autovacuum freezes
-- column: multixact_age bigint gauge
-- metrics: wraparound by database
-- warn: xid_age >= :old_age  freezing does not keep up => end what holds vacuum back (section horizon), then: vacuumdb --freeze
-- crit: xid_age >= :critical_age  the server will stop accepting writes => end what holds vacuum back (section horizon), then: vacuumdb --freeze
-- warn: multixact_age >= :old_age  freezing of multixacts does not keep up => end what holds vacuum back (section horizon), then: vacuumdb --freeze
-- crit: multixact_age >= :critical_age  the server will stop accepting writes => end what holds vacuum back (section horizon), then: vacuumdb --freeze
select
  d.datname::text as database,
  age(d.datfrozenxid)::bigint as xid_age,
  age(d.datfrozenxid)::double precision / current_setting('autovacuum_freeze_max_age')::double precision as freeze_ratio,
  mxid_age(d.datminmxid)::bigint as multixact_age
from pg_database as d
order by xid_age desc, database
