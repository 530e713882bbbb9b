// Catalogues that are no kind of object of their own: read with others, or left out as a whole, each with its reason.

/** By catalogue: where it is read, or why it isn't. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  pg_depend: "says what hangs on what, which follows from the objects; who owns a sequence and what an extension brought are fields of these",
  pg_shdepend: "says what hangs on what, which follows from the objects",
  pg_description: "the field `comment` of what it is about",
  pg_shdescription: "the field `comment` of what it is about",
  pg_seclabel: "the field `securityLabels` of what it is about",
  pg_shseclabel: "the field `securityLabels` of what it is about",
  pg_init_privs: "what grants on the server's and extensions' own objects are compared with: kind `grant`",
  pg_statistic: "what ANALYZE has seen of the data; which statistics are collected is compared",
  pg_statistic_ext_data: "what ANALYZE has seen of the data; which statistics are collected is compared",
  pg_db_role_setting: "kind `setting`: each of its settings by name",
  pg_largeobject: "the field `content` of the large object",
};

/** Of every view in pg_catalog but these: it shows catalogues that are compared, or what a server is doing. */
export const VIEWS = "a view: of catalogues that are compared, or of what the server is doing";
