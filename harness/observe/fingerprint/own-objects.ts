// What the harness itself makes in a database, by name: it is no part of the drilled system's structure, and everything else is.

/** The migration's journal and what steps have kept aside; their indexes and constraints go with them. */
const OWN_SCHEMA = "turnback";
const OWN_RELATIONS = "^(journal|kept_[0-9a-f]{16})(_pkey)?$";
/** Of blue-green migrations. */
const OWN_LINKS = "('turnback_green', 'turnback_blue')";
/** Made before the load for amcheck's functions, and compared like any other: whoever drops it is seen. */
const OWN_DATABASE = "turnback_reference";

/** Of its own roles the passwords are new in each run. */
export const OWN_ROLES = "('turnback', 'migrator', 'app')";
/** What asks the declaration's queries: it and what it may are the harness's affair. */
const OWN_READER = "turnback_reader";

/**
 * Settings that ways back and replicas write into the server's own file, and take out again: of a recovery, of who follows
 * whom. That they are gone when they must be is tested where they are written.
 */
export const OWN_SETTINGS = "('synchronous_standby_names', 'primary_conninfo', 'primary_slot_name', 'restore_command', 'hot_standby', 'archive_cleanup_command', 'recovery_end_command', 'recovery_min_apply_delay')";

const OWN_OIDS = `(select own.oid from pg_class own where own.relnamespace = (select oid from pg_namespace where nspname = '${OWN_SCHEMA}') and own.relname ~ '${OWN_RELATIONS}')`;

/** That a relation is not one of ours. */
export const notOwnRelation = (oid: string) => `${oid} not in ${OWN_OIDS}`;
export const notOwnSchema = (name: string) => `${name} <> '${OWN_SCHEMA}'`;
export const notOwnLink = (name: string) => `${name} not in ${OWN_LINKS}`;
export const notOwnRole = (name: string) => `${name} <> '${OWN_READER}'`;
/** Of entries of an ACL, which name roles by their numbers. */
export const notOwnGrantee = (oid: string) => `${oid} <> coalesce((select r.oid from pg_roles r where r.rolname = '${OWN_READER}'), 0)`;
export const notOwnDatabase = (name: string) => `${name} <> '${OWN_DATABASE}'`;
