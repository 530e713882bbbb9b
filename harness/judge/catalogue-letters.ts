// What the catalogue says in one letter, in words: who reads `enabled: O → D` at three at night must not look it up.

/** By field, or by kind and field where a field of that name means something else elsewhere. */
const LETTERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  enabled: { O: "on", D: "disabled", R: "on for replication alone", A: "always on, also for replication" },
  viewRule: { O: "on", D: "disabled", R: "on for replication alone", A: "always on, also for replication" },
  persistence: { p: "permanent", u: "unlogged: a crash empties it", t: "temporary" },
  replicaIdentity: { d: "its primary key", n: "nothing", f: "the whole row", i: "an index" },
  storage: { p: "plain", e: "external", m: "main", x: "extended" },
  compression: { p: "pglz", l: "lz4" },
  identity: { a: "always", d: "by default" },
  generated: { s: "stored", v: "virtual" },
  parallel: { s: "safe", r: "restricted", u: "unsafe" },
  volatile: { i: "immutable", s: "stable", v: "volatile" },
  align: { c: "1 byte", s: "2 bytes", i: "4 bytes", d: "8 bytes" },
  finalmodify: { r: "read-only", s: "shareable", w: "read and write" }, mfinalmodify: { r: "read-only", s: "shareable", w: "read and write" },
  context: { e: "explicit", a: "in assignments", i: "implicit" },
  method: { f: "by a function", i: "by input and output", b: "by the same bytes" },
  provider: { d: "default", b: "builtin", c: "libc", i: "ICU" }, locprovider: { b: "builtin", c: "libc", i: "ICU" },
  gencols: { n: "left out", s: "published where stored" },
  twophasestate: { d: "off", p: "pending", e: "on" },
  "function kind": { f: "function", p: "procedure", a: "aggregate", w: "window function" }, "aggregate kind": { n: "plain", o: "ordered set", h: "hypothetical set" },
  "policy command": { r: "SELECT", a: "INSERT", w: "UPDATE", d: "DELETE", "*": "all commands" },
  "rule type": { 1: "SELECT", 2: "UPDATE", 3: "INSERT", 4: "DELETE" },
  "constraint type": { c: "check", f: "foreign key", p: "primary key", u: "unique", x: "exclusion", n: "not null", t: "trigger" },
  "relation type": { r: "table", p: "partitioned table", v: "view", m: "materialized view", f: "foreign table" },
  "index type": { i: "index", I: "partitioned index" },
  "type type": { b: "base", c: "composite", d: "domain", e: "enum", p: "pseudo", r: "range", m: "multirange" },
  "type category": { A: "array", B: "boolean", C: "composite", D: "date or time", E: "enum", G: "geometric", I: "network address", N: "numeric", P: "pseudo", R: "range", S: "string", T: "timespan", U: "user-defined", V: "bit string", X: "unknown" },
  "operator kind": { b: "between two operands", l: "before its operand" },
};

/** Of a field: the word for a letter, of each letter of a list; whatever is no letter that is known stays as it is. */
export function inWords(kind: string, field: string, value: unknown): unknown {
  const letters = LETTERS[`${kind} ${field}`] ?? (field === "type" || field === "kind" ? undefined : LETTERS[field]);
  if (!letters) return value;
  const word = (one: unknown) => (typeof one === "string" && Object.hasOwn(letters, one) ? letters[one] : one);
  return Array.isArray(value) ? value.map(word) : word(value);
}
