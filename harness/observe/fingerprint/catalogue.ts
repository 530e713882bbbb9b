// How a catalogue is declared: what names its rows, what of them is left out and why, and what needs words of its own.

import { notOwnGrantee } from "./own-objects.ts";

/** By column: why it is no part of a fingerprint. */
export type Exempt = Readonly<Record<string, string>>;
/** By column or field: the SQL that gives its value. */
export type Fields = Readonly<Record<string, string>>;

/** Columns are rendered by their types; what isn't said here is compared. */
type Rendered = {
  /** The catalogue: `pg_class`. */
  readonly of: string;
  /** What its columns' names begin with, left out of the fields' names. */
  readonly prefix?: string;
  readonly exempt: Exempt;
  /** Of columns that no rule of types renders, or that need a canonical form; the field is named as the column. */
  readonly as?: Fields;
  /** Further fields: what a definition says as a whole, and other names of a field. */
  readonly more?: Fields;
};

/** Rows of another catalogue that belong to a row: one, or several under one field. In SQL its alias is its catalogue's name. */
export type Part = Rendered & { readonly on: string; readonly many?: string };

/** One kind of object. In SQL its row's alias is `t`. */
export type Catalogue = Rendered & {
  readonly kind: string;
  readonly name: string;
  /** The OID of its schema: objects of the server's own schemas are left out. Without it, those with the OIDs of a fresh server are. */
  readonly schema?: string;
  /** The OID of the table that it stands or falls with, and of the type. */
  readonly table?: string;
  readonly where?: string;
  readonly parts?: readonly Part[];
  /** Fields of which only a keyed digest is written. */
  readonly secret?: readonly string[];
};

/** Reasons that hold for many columns. */
export const NAMED = "in the object's name";
export const OID = "a number that the server gives; names stand in its place";
export const DEFINED = "in the definition, as the server writes it";
export const DERIVED = "follows from what is compared";
export const RUNNING = "changes while a server works";

export const NOT_READERS = `(x.grantee = 0 or ${notOwnGrantee("x.grantee")})`;

/** An ACL in a canonical form: who may what, `*` where they may pass it on; an explicit one that is equal to the default counts as none. */
export function acl(column: string, type: string, owner: string): string {
  return `(select coalesce(jsonb_agg(a order by a), '[]') from (
    select format('%s=%s%s%s', case when x.grantee = 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, x.privilege_type, case when x.is_grantable then '*' else '' end,
      case when x.grantor <> ${owner} then '/' || pg_get_userbyid(x.grantor) end) as a
    from aclexplode(coalesce(${column}, acldefault('${type}', ${owner}))) x where ${NOT_READERS}) s)`;
}

/** The same of one that has no default. */
export function bareAcl(column: string): string {
  return `(select jsonb_agg(a order by a) from (select format('%s=%s%s', case when x.grantee = 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, x.privilege_type,
    case when x.is_grantable then '*' else '' end) as a from aclexplode(${column}) x where ${NOT_READERS}) s)`;
}
