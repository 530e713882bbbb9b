// Catalogues of what computes: functions, types, operators and their families, casts, collations, text search, languages, extensions.

import { acl, DEFINED, DERIVED, NAMED, OID, type Catalogue } from "./catalogue.ts";
import { dependsOn } from "./relations.ts";

const BROUGHT = `d.refclassid = 'pg_extension'::regclass and d.refobjid = t.oid and d.deptype = 'e'`;
const identity = (catalogue: string) => `(pg_identify_object('${catalogue}'::regclass, t.oid, 0)).identity`;

export const CODE: readonly Catalogue[] = [
  {
    kind: "function", of: "pg_proc", prefix: "pro", name: "t.oid::regprocedure::text", schema: "t.pronamespace",
    exempt: {
      oid: OID, proname: NAMED, pronamespace: NAMED, proargtypes: NAMED, pronargs: NAMED, provariadic: DEFINED, pronargdefaults: DERIVED, proallargtypes: DEFINED, proargmodes: DEFINED, proargnames: DEFINED, protrftypes: DEFINED,
      prosrc: DEFINED, prosqlbody: DEFINED, probin: DEFINED, proconfig: DEFINED, prolang: DEFINED, procost: DEFINED, prorows: DEFINED, prosupport: DEFINED, prosecdef: DEFINED, proleakproof: DEFINED, proisstrict: DEFINED,
      proretset: DEFINED, provolatile: DEFINED, proargdefaults: DEFINED,
    },
    as: { proacl: acl("t.proacl", "f", "t.proowner") },
    more: { definition: "case when t.prokind <> 'a' then pg_get_functiondef(t.oid) else pg_get_function_arguments(t.oid) end", dependsOn: dependsOn("pg_proc") },
    parts: [{ of: "pg_aggregate", on: "pg_aggregate.aggfnoid = t.oid", prefix: "agg", exempt: { aggfnoid: NAMED } }],
  },
  {
    kind: "type", of: "pg_type", prefix: "typ", name: "t.oid::regtype::text", schema: "t.typnamespace",
    // A table's row type and every type's array come and go with theirs.
    where: `(t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')) and not exists (select from pg_type element where element.typarray = t.oid)`,
    exempt: {
      oid: OID, typname: NAMED, typnamespace: NAMED, typrelid: "its attributes are compared", typarray: DERIVED, typelem: DERIVED, typtypmod: "in the base type", typdefaultbin: "its text is compared",
    },
    as: { typacl: acl("t.typacl", "T", "t.typowner"), typbasetype: "case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end" },
    parts: [
      { of: "pg_enum", many: "enum", on: "pg_enum.enumtypid = t.oid", exempt: { oid: OID, enumtypid: NAMED, enumsortorder: "in the order of the labels", enumlabel: "is the label" } },
      { of: "pg_range", on: "pg_range.rngtypid = t.oid", prefix: "rng", exempt: { rngtypid: NAMED } },
    ],
    more: {
      labels: "(select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)",
      attributes: `(select jsonb_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attcollation <> at.typcollation then 'collate ' || a.attcollation::regcollation end,
          col_description(a.attrelid, a.attnum)) order by a.attnum) from pg_attribute a join pg_type at on at.oid = a.atttypid where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)`,
    },
  },
  { kind: "operator", of: "pg_operator", prefix: "opr", name: "t.oid::regoperator::text", schema: "t.oprnamespace", exempt: { oid: OID, oprname: NAMED, oprnamespace: NAMED, oprleft: NAMED, oprright: NAMED } },
  { kind: "operator-class", of: "pg_opclass", prefix: "opc", name: identity("pg_opclass"), schema: "t.opcnamespace", exempt: { oid: OID, opcname: NAMED, opcnamespace: NAMED, opcmethod: NAMED } },
  {
    kind: "operator-family", of: "pg_opfamily", prefix: "opf", name: identity("pg_opfamily"), schema: "t.opfnamespace", exempt: { oid: OID, opfname: NAMED, opfnamespace: NAMED, opfmethod: NAMED },
    parts: [
      { of: "pg_amop", many: "operators", on: "pg_amop.amopfamily = t.oid", prefix: "amop", exempt: { oid: OID, amopfamily: NAMED, amopmethod: NAMED } },
      { of: "pg_amproc", many: "functions", on: "pg_amproc.amprocfamily = t.oid", prefix: "amproc", exempt: { oid: OID, amprocfamily: NAMED } },
    ],
  },
  { kind: "access-method", of: "pg_am", prefix: "am", name: "t.amname", exempt: { oid: OID, amname: NAMED } },
  { kind: "conversion", of: "pg_conversion", prefix: "con", name: identity("pg_conversion"), schema: "t.connamespace", exempt: { oid: OID, conname: NAMED, connamespace: NAMED } },
  {
    // The version that a collation was made with changes with the operating system; a REINDEX puts that right.
    kind: "collation", of: "pg_collation", prefix: "coll", name: "t.oid::regcollation::text", schema: "t.collnamespace", exempt: { oid: OID, collname: NAMED, collnamespace: NAMED, collversion: "changes with the operating system" },
  },
  { kind: "cast", of: "pg_cast", prefix: "cast", name: "t.castsource::regtype || ' as ' || t.casttarget::regtype", exempt: { oid: OID, castsource: NAMED, casttarget: NAMED } },
  { kind: "transform", of: "pg_transform", prefix: "trf", name: identity("pg_transform"), exempt: { oid: OID, trftype: NAMED, trflang: NAMED } },
  {
    kind: "language", of: "pg_language", prefix: "lan", name: "t.lanname", where: "true", exempt: { oid: OID, lanname: NAMED }, 
    // Who may use one that an extension brought is told with the rights on such objects.
    as: { lanacl: `case when not exists (select from pg_depend e where e.classid = 'pg_language'::regclass and e.objid = t.oid and e.deptype = 'e') then ${acl("t.lanacl", "l", "t.lanowner")} end` },
  },
  {
    kind: "text-search", of: "pg_ts_config", prefix: "cfg", name: "t.oid::regconfig::text", schema: "t.cfgnamespace", exempt: { oid: OID, cfgname: NAMED, cfgnamespace: NAMED },
    parts: [{ of: "pg_ts_config_map", many: "dictionaries", on: "pg_ts_config_map.mapcfg = t.oid", prefix: "map", exempt: { mapcfg: NAMED } }],
  },
  { kind: "text-search-dictionary", of: "pg_ts_dict", prefix: "dict", name: "t.oid::regdictionary::text", schema: "t.dictnamespace", exempt: { oid: OID, dictname: NAMED, dictnamespace: NAMED } },
  { kind: "text-search-parser", of: "pg_ts_parser", prefix: "prs", name: identity("pg_ts_parser"), schema: "t.prsnamespace", exempt: { oid: OID, prsname: NAMED, prsnamespace: NAMED } },
  { kind: "text-search-template", of: "pg_ts_template", prefix: "tmpl", name: identity("pg_ts_template"), schema: "t.tmplnamespace", exempt: { oid: OID, tmplname: NAMED, tmplnamespace: NAMED } },
  {
    kind: "extension", of: "pg_extension", prefix: "ext", name: "t.extname", where: "true", exempt: { oid: OID, extname: NAMED, extcondition: "beside its table" },
    as: { extconfig: "(select jsonb_agg(concat_ws(' ', c.rel::regclass::text, nullif(c.condition, '')) order by c.rel::regclass::text) from unnest(t.extconfig, t.extcondition) c (rel, condition))" },
    more: {
      // What it brought is compared by its version; that it has been taken apart, or a function replaced, by a digest.
      members: `(select count(*) || ' objects, ' || md5(string_agg(o.type || ' ' || o.identity, ',' order by o.type || ' ' || o.identity)) from pg_depend d, pg_identify_object(d.classid, d.objid, d.objsubid) o where ${BROUGHT})`,
      functions: `(select md5(string_agg(pg_get_functiondef(f.oid), ',' order by f.oid::regprocedure::text)) from pg_proc f where f.prokind <> 'a' and f.oid in (select d.objid from pg_depend d where ${BROUGHT} and d.classid = 'pg_proc'::regclass))`,
    },
  },
  { kind: "event-trigger", of: "pg_event_trigger", prefix: "evt", name: "t.evtname", exempt: { oid: OID, evtname: NAMED } },
];
