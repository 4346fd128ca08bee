-- title: transaction ids are far from running out
-- box: on-call
-- profiles: oncall daily
-- expected: the oldest unfrozen transaction of every database is younger than 500 million
-- why: at 2 billion the server stops accepting writes
-- fix: command
select case when greatest(xids, mxids) > 1500000000 then 'critical' when greatest(xids, mxids) > 500000000 then 'warning' else 'ok' end as severity,
       format('%s: %s million transactions, %s million multixacts', datname, xids / 1000000, mxids / 1000000) as evidence,
       case when greatest(xids, mxids) > 500000000 then format('psql --dbname=%L --command=''vacuum (freeze)''', datname) end as fix
  from (select datname, age(datfrozenxid) as xids, mxid_age(datminmxid) as mxids from pg_database where datallowconn) ages
 order by greatest(xids, mxids) desc
 limit 5
