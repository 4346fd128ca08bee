drop table api_rate_limits;
