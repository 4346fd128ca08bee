drop table restaurants;
