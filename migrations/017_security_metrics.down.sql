drop table security_metrics;
