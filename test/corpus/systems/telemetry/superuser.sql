create publication changes for table devices, measurements with (publish = 'insert, update, delete');
create event trigger watch on ddl_command_end when tag in ('DROP TABLE') execute function forbid();
-- Another server's readings, seen through foreign tables; nobody answers there.
create foreign data wrapper elsewhere options (debug 'off');
create server readings foreign data wrapper elsewhere options (host 'readings-old.internal');
create user mapping for app server readings options (user 'reader');
create foreign table far_readings (device text, value double precision options (column_name 'v')) server readings options (table_name 'readings');
alter foreign table far_readings owner to migrator;
grant select on far_readings to app;
