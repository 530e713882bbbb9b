// Settings, each by its name: those of the server's files and of ALTER SYSTEM, and those of databases and roles; an application's own as well.

import { OWN_SETTINGS } from "./own-objects.ts";

const OURS = (name: string) => `${name} not in ${OWN_SETTINGS} and ${name} !~ '^recovery_target'`;

/** Whose a setting of ALTER ROLE and ALTER DATABASE is, in words. */
const WHOSE = `case when s.setdatabase = 0 and s.setrole = 0 then 'all roles'
  else concat_ws(' in ', 'role ' || (select rolname from pg_authid where oid = s.setrole), 'database ' || (select datname from pg_database where oid = s.setdatabase)) end`;

/** What of the files is in force is told beside it; what the server was started with is the harness's. */
export const SETTINGS = `
  select f.name, jsonb_strip_nulls(jsonb_build_object('file', regexp_replace(f.sourcefile, '^.*/', ''), 'value', f.setting, 'error', f.error,
    'inForce', (select case when s.source = 'configuration file' then s.setting end from pg_settings s where lower(s.name) = lower(f.name)))) as detail
  from (select distinct on (lower(name)) * from pg_file_settings where name is not null order by lower(name), seqno desc) f where ${OURS("f.name")}
  union all select s.name, jsonb_build_object('inForce', s.setting) from pg_settings s
  where s.source = 'configuration file' and ${OURS("s.name")} and not exists (select from pg_file_settings f where lower(f.name) = lower(s.name))
  union all select format('%s (%s)', split_part(u.setting, '=', 1), ${WHOSE}), jsonb_build_object('value', substr(u.setting, strpos(u.setting, '=') + 1))
  from pg_db_role_setting s cross join lateral unnest(s.setconfig) u (setting)
  where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`;

/** Names of what may hold a secret. */
export const TELLING = /pass|secret|token|key|credential/i;

/** An application's own settings, which have a dot in their names, may hold a secret; the server's hold none. */
export const holdsSecret = (name: string): boolean => {
  const [setting = ""] = name.split(" (");
  return setting.includes(".") && TELLING.test(setting);
};
