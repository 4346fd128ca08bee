drop table menus;
