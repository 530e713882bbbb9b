// Catalogues of who may what and what reaches elsewhere: roles, databases, settings, grants, replication, foreign data, large objects.

import { acl, bareAcl, DERIVED, NAMED, OID, RUNNING, type Catalogue } from "./catalogue.ts";
import { notOwnLink, notOwnRole, OWN_ROLES } from "./own-objects.ts";

const HERE = "(select oid from pg_database where datname = current_database())";

export const SERVER: readonly Catalogue[] = [
  {
    kind: "role", of: "pg_authid", prefix: "rol", name: "t.rolname", where: `t.rolname !~ '^pg_' and ${notOwnRole("t.rolname")}`, exempt: { oid: OID, rolname: NAMED },
    // The predefined ones are the server's; of ours the password is another in each run, and it only matters that there is one.
    as: { rolpassword: `case when t.rolname in ${OWN_ROLES} then null else t.rolpassword end` },
    more: { passwordKind: "case when t.rolpassword is not null then split_part(t.rolpassword, '$', 1) end" },
    secret: ["password"],
    parts: [{ of: "pg_auth_members", many: "memberOf", on: "pg_auth_members.member = t.oid", exempt: { oid: OID, member: NAMED } }],
  },
  {
    kind: "database", of: "pg_database", prefix: "dat", name: "t.datname", where: "t.datname = current_database()",
    exempt: { oid: OID, datname: NAMED, datfrozenxid: RUNNING, datminmxid: RUNNING, datcollversion: "changes with the operating system", dathasloginevt: DERIVED },
    as: { datacl: acl("t.datacl", "d", "t.datdba") },
  },
  {
    kind: "default-grant", of: "pg_default_acl", prefix: "defacl", where: "true",
    name: "concat_ws(' in ', pg_get_userbyid(t.defaclrole), (select nspname from pg_namespace where oid = t.defaclnamespace)) || ': ' || t.defaclobjtype::text",
    exempt: { oid: OID, defaclrole: NAMED, defaclnamespace: NAMED, defaclobjtype: NAMED }, as: { defaclacl: bareAcl("t.defaclacl") },
  },
  { kind: "parameter-grant", of: "pg_parameter_acl", prefix: "par", name: "t.parname", where: "true", exempt: { oid: OID, parname: NAMED }, as: { paracl: bareAcl("t.paracl") } },
  { kind: "tablespace", of: "pg_tablespace", prefix: "spc", name: "t.spcname", where: "true", exempt: { oid: OID, spcname: NAMED }, as: { spcacl: acl("t.spcacl", "t", "t.spcowner") } },
  {
    kind: "publication", of: "pg_publication", prefix: "pub", name: "t.pubname", where: notOwnLink("t.pubname"), exempt: { oid: OID, pubname: NAMED },
    parts: [
      { of: "pg_publication_rel", many: "tables", on: "pg_publication_rel.prpubid = t.oid", prefix: "pr", exempt: { oid: OID, prpubid: NAMED }, as: {
        prqual: "pg_get_expr(pg_publication_rel.prqual, pg_publication_rel.prrelid)",
        prattrs: "(select jsonb_agg(a.attname order by a.attname) from pg_attribute a where a.attrelid = pg_publication_rel.prrelid and a.attnum = any (pg_publication_rel.prattrs))",
      } },
      { of: "pg_publication_namespace", many: "schemas", on: "pg_publication_namespace.pnpubid = t.oid", prefix: "pn", exempt: { oid: OID, pnpubid: NAMED } },
    ],
  },
  {
    kind: "subscription", of: "pg_subscription", prefix: "sub", name: "t.subname", where: `t.subdbid = ${HERE} and ${notOwnLink("t.subname")}`, exempt: { oid: OID, subname: NAMED, subdbid: "this one's", subskiplsn: RUNNING },
    parts: [{ of: "pg_subscription_rel", many: "tables", on: "pg_subscription_rel.srsubid = t.oid", prefix: "sr", exempt: { srsubid: NAMED, srsubstate: RUNNING, srsublsn: RUNNING } }],
    secret: ["conninfo"],
  },
  // Those of subscriptions bear numbers.
  { kind: "replication-origin", of: "pg_replication_origin", name: "t.roname", where: "t.roname !~ '^pg_[0-9]+'", exempt: { roident: OID, roname: NAMED } },
  { kind: "foreign-data-wrapper", of: "pg_foreign_data_wrapper", prefix: "fdw", name: "t.fdwname", exempt: { oid: OID, fdwname: NAMED }, as: { fdwacl: acl("t.fdwacl", "F", "t.fdwowner") }, secret: ["options"] },
  { kind: "foreign-server", of: "pg_foreign_server", prefix: "srv", name: "t.srvname", exempt: { oid: OID, srvname: NAMED }, as: { srvacl: acl("t.srvacl", "S", "t.srvowner") }, secret: ["options"] },
  {
    kind: "user-mapping", of: "pg_user_mapping", prefix: "um", name: "case when t.umuser = 0 then 'PUBLIC' else pg_get_userbyid(t.umuser) end || ' on ' || (select srvname from pg_foreign_server where oid = t.umserver)",
    exempt: { oid: OID, umuser: NAMED, umserver: NAMED }, secret: ["options"],
  },
  {
    // A large object's number is what its users hold.
    kind: "large-object", of: "pg_largeobject_metadata", prefix: "lom", name: "t.oid::text", where: "true", exempt: { oid: NAMED }, as: { lomacl: acl("t.lomacl", "L", "t.lomowner") },
    more: { content: "(select md5(string_agg(o.pageno || ':' || md5(o.data), ',' order by o.pageno)) from pg_largeobject o where o.loid = t.oid)" },
  },
];
