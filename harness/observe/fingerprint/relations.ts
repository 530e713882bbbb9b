// Catalogues of what holds data: schemas, relations, columns, constraints, indexes, sequences, triggers, policies, rules, statistics.

import { acl, bareAcl, DEFINED, DERIVED, NAMED, OID, RUNNING, type Catalogue } from "./catalogue.ts";
import { notOwnRelation, notOwnSchema } from "./own-objects.ts";

const CLASS_EXEMPT = {
  oid: OID, relname: NAMED, relnamespace: NAMED, reltype: DERIVED, relfilenode: OID, relpages: RUNNING, reltuples: RUNNING, relallvisible: RUNNING, relallfrozen: RUNNING,
  reltoastrelid: "its options are a field of the table", relhasindex: RUNNING, relisshared: DERIVED, relnatts: DERIVED, relchecks: DERIVED, relhasrules: RUNNING, relhastriggers: RUNNING,
  relhassubclass: RUNNING, relispartition: DERIVED, relrewrite: "of a rewrite under way", relfrozenxid: RUNNING, relminmxid: RUNNING,
};
/** Of an object that ALTER ... DEPENDS ON EXTENSION ties to extensions. */
export const dependsOn = (catalogue: string) => `(select jsonb_agg(e.extname order by e.extname) from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.classid = '${catalogue}'::regclass and d.objid = t.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'x')`;
/** An array of options in no order, as a field. */
const sorted = (options: string) => `(select jsonb_agg(o order by o) from unnest(${options}) o)`;

/** Rows on a relation: the relation's own name before theirs. */
const onTable = (relation: string, name: string) => `${relation}::regclass::text || ': ' || ${name}`;

export const RELATIONS: readonly Catalogue[] = [
  {
    kind: "schema", of: "pg_namespace", prefix: "nsp", name: "t.nspname", schema: "t.oid", where: notOwnSchema("t.nspname"),
    exempt: { oid: OID, nspname: NAMED }, as: { nspacl: acl("t.nspacl", "n", "t.nspowner") },
  },
  {
    kind: "relation", of: "pg_class", prefix: "rel", name: "t.oid::regclass::text", schema: "t.relnamespace", where: `t.relkind in ('r', 'p', 'v', 'm', 'f') and ${notOwnRelation("t.oid")}`,
    exempt: CLASS_EXEMPT,
    as: { relacl: acl("t.relacl", "r", "t.relowner"), relpartbound: "pg_get_expr(t.relpartbound, t.oid)" },
    more: {
      definition: "case when t.relkind in ('v', 'm') then pg_get_viewdef(t.oid) end", dependsOn: dependsOn("pg_class"),
      partitionKey: "case when t.relkind = 'p' then pg_get_partkeydef(t.oid) end",
      toastOptions: `(select ${sorted("toast.reloptions")} from pg_class toast where toast.oid = t.reltoastrelid)`,
      viewRule: "(select nullif(v.ev_enabled, 'O') from pg_rewrite v where v.ev_class = t.oid and v.rulename = '_RETURN')",
    },
    parts: [
      { of: "pg_inherits", many: "parents", on: "pg_inherits.inhrelid = t.oid", prefix: "inh", exempt: { inhrelid: NAMED, inhseqno: "the order of parents decides about nothing that stays" } },
      { of: "pg_partitioned_table", on: "pg_partitioned_table.partrelid = t.oid", prefix: "part",
        exempt: { partrelid: NAMED, partstrat: DEFINED, partnatts: DEFINED, partattrs: DEFINED, partclass: DEFINED, partcollation: DEFINED, partexprs: DEFINED, partdefid: "the partition whose bound is DEFAULT" } },
      { of: "pg_foreign_table", on: "pg_foreign_table.ftrelid = t.oid", prefix: "ft", exempt: { ftrelid: NAMED } },
    ],
    secret: ["foreignOptions"],
  },
  {
    kind: "column", of: "pg_attribute", prefix: "att", name: "t.attrelid::regclass::text || '.' || quote_ident(t.attname)", schema: "c.relnamespace", table: "t.attrelid",
    where: `t.attnum > 0 and not t.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ${notOwnRelation("t.attrelid")}`,
    exempt: {
      attrelid: NAMED, attname: NAMED, attlen: DERIVED, attbyval: DERIVED, attalign: DERIVED, attcacheoff: RUNNING, attndims: "PostgreSQL doesn't look at it", atthasdef: DERIVED,
      atthasmissing: "a rewrite clears it", attmissingval: "a rewrite clears it; what rows hold is data", attisdropped: "dropped columns are none", atttypmod: "in the type",
    },
    as: {
      attnum: "rank() over (partition by t.attrelid order by t.attnum)", atttypid: "format_type(t.atttypid, t.atttypmod)", attacl: bareAcl("t.attacl"), attstattarget: "nullif(t.attstattarget, -1)",
      attcollation: "case when t.attcollation <> (select typcollation from pg_type where oid = t.atttypid) then nullif(t.attcollation, 0)::regcollation::text end",
    },
    parts: [
      { of: "pg_attrdef", on: "pg_attrdef.adrelid = t.attrelid and pg_attrdef.adnum = t.attnum", prefix: "ad", exempt: { oid: OID, adrelid: NAMED, adnum: NAMED }, as: { adbin: "pg_get_expr(pg_attrdef.adbin, pg_attrdef.adrelid)" } },
    ],
    more: {
      // Since 18, a row of its own says more of a column's being not null. Names that PostgreSQL has given are no difference.
      notNullConstraint: `(select nullif(jsonb_strip_nulls(jsonb_build_object('validated', nullif(n.convalidated, true), 'noInherit', nullif(n.connoinherit, false),
          'name', case when n.conname !~ '_not_null[0-9]*$' then n.conname end, 'comment', obj_description(n.oid, 'pg_constraint'))), '{}')
        from pg_constraint n where n.contype = 'n' and n.conrelid = t.attrelid and n.conkey = array[t.attnum])`,
    },
  },
  {
    kind: "constraint", of: "pg_constraint", prefix: "con", name: "coalesce(nullif(t.conrelid, 0)::regclass::text, t.contypid::regtype::text) || ': ' || t.conname", schema: "t.connamespace", table: "nullif(t.conrelid, 0)",
    where: `t.contype not in ('n', 't') and ${notOwnRelation("t.conrelid")}`,
    exempt: {
      oid: OID, conname: NAMED, connamespace: NAMED, conrelid: NAMED, contypid: NAMED, conbin: DEFINED, confdelsetcols: DEFINED, conkey: DEFINED, confkey: DEFINED, confupdtype: DEFINED, confdeltype: DEFINED,
      confmatchtype: DEFINED, conperiod: DEFINED,
    },
    as: { conparentid: "(select nullif(up.conrelid, 0)::regclass::text || ': ' || up.conname from pg_constraint up where up.oid = t.conparentid)" },
    more: { definition: "pg_get_constraintdef(t.oid)" },
  },
  {
    kind: "index", of: "pg_class", prefix: "rel", name: "t.oid::regclass::text", schema: "t.relnamespace", table: "pg_index.indrelid", where: `t.relkind in ('i', 'I') and ${notOwnRelation("pg_index.indrelid")}`,
    exempt: { ...CLASS_EXEMPT, relpartbound: "indexes have none", relacl: "indexes have none", relreplident: "indexes have none", relpersistence: "the table's", reloftype: "indexes have none", relam: DEFINED, relowner: "the table's" },
    more: {
      definition: "pg_get_indexdef(t.oid)", dependsOn: dependsOn("pg_class"), parent: "(select up.inhparent::regclass::text from pg_inherits up where up.inhrelid = t.oid)",
      statistics: "(select jsonb_object_agg(a.attname, a.attstattarget) from pg_attribute a where a.attrelid = t.oid and a.attstattarget >= 0)",
      columnOptions: "(select jsonb_object_agg(a.attname, to_jsonb(a.attoptions)) from pg_attribute a where a.attrelid = t.oid and a.attoptions is not null)",
    },
    parts: [
      { of: "pg_index", on: "pg_index.indexrelid = t.oid", prefix: "indis", exempt: {
        indexrelid: NAMED, indrelid: "is the table", indnatts: DEFINED, indnkeyatts: DEFINED, indnullsnotdistinct: DEFINED, indcheckxmin: RUNNING, indkey: DEFINED, indcollation: DEFINED, indclass: DEFINED, indoption: DEFINED,
        indexprs: DEFINED, indpred: DEFINED,
      } },
    ],
  },
  {
    kind: "sequence", of: "pg_class", prefix: "rel", name: "t.oid::regclass::text", schema: "t.relnamespace", where: `t.relkind = 'S' and ${notOwnRelation("t.oid")}`,
    table: "(select d.refobjid from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0 and d.refclassid = 'pg_class'::regclass limit 1)",
    exempt: { ...CLASS_EXEMPT, relpartbound: "sequences have none", relreplident: "sequences have none", relam: "sequences have none", reloftype: "sequences have none" },
    as: { relacl: acl("t.relacl", "s", "t.relowner") },
    more: {
      ownedBy: `(select d.refobjid::regclass::text || '.' || quote_ident(a.attname) from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.objid = t.oid and d.deptype in ('a', 'i') and d.refobjsubid > 0 limit 1)`,
    },
    parts: [{ of: "pg_sequence", on: "pg_sequence.seqrelid = t.oid", prefix: "seq", exempt: { seqrelid: NAMED } }],
  },
  {
    kind: "trigger", of: "pg_trigger", prefix: "tg", name: onTable("t.tgrelid", "t.tgname"), schema: "c.relnamespace", table: "t.tgrelid", where: `not t.tgisinternal and ${notOwnRelation("t.tgrelid")}`,
    exempt: {
      oid: OID, tgname: NAMED, tgrelid: NAMED, tgtype: DEFINED, tgisinternal: "those are of foreign keys, and are compared with them", tgconstrrelid: DEFINED, tgconstrindid: DEFINED, tgconstraint: DEFINED, tgdeferrable: DEFINED,
      tginitdeferred: DEFINED, tgnargs: DEFINED, tgattr: DEFINED, tgargs: DEFINED, tgqual: DEFINED, tgoldtable: DEFINED, tgnewtable: DEFINED, tgfoid: DEFINED,
    },
    as: { tgparentid: "(select up.tgrelid::regclass::text || ': ' || up.tgname from pg_trigger up where up.oid = t.tgparentid)" },
    more: { definition: "pg_get_triggerdef(t.oid)", dependsOn: dependsOn("pg_trigger") },
  },
  {
    kind: "policy", of: "pg_policy", prefix: "pol", name: "(select nspname || '.' || c.relname from pg_namespace where oid = c.relnamespace) || ': ' || t.polname", schema: "c.relnamespace", table: "t.polrelid",
    exempt: { oid: OID, polname: NAMED, polrelid: NAMED }, as: { polqual: "pg_get_expr(t.polqual, t.polrelid)", polwithcheck: "pg_get_expr(t.polwithcheck, t.polrelid)" },
  },
  {
    kind: "rule", of: "pg_rewrite", prefix: "ev_", name: onTable("t.ev_class", "t.rulename"), schema: "c.relnamespace", table: "t.ev_class", where: "t.rulename <> '_RETURN'",
    exempt: { oid: OID, rulename: NAMED, ev_class: NAMED, ev_type: DEFINED, is_instead: DEFINED, ev_qual: DEFINED, ev_action: DEFINED }, more: { definition: "pg_get_ruledef(t.oid)" },
  },
  {
    kind: "statistics", of: "pg_statistic_ext", prefix: "stx", name: "(select nspname from pg_namespace where oid = t.stxnamespace) || '.' || t.stxname", schema: "t.stxnamespace", table: "t.stxrelid",
    exempt: { oid: OID, stxname: NAMED, stxnamespace: NAMED, stxrelid: DEFINED, stxkeys: DEFINED, stxkind: DEFINED, stxexprs: DEFINED },
    as: { stxstattarget: "nullif(t.stxstattarget, -1)" }, more: { definition: "pg_get_statisticsobjdef(t.oid)" },
  },
];
