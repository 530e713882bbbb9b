create publication changes for table devices, measurements with (publish = 'insert, update, delete');
create event trigger watch on ddl_command_end when tag in ('DROP TABLE') execute function forbid();
