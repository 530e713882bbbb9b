// What is spelled otherwise and means the same is worth knowing; what may mean something else is a difference.

import { describe, expect, test } from "vitest";
import { judgeStructure } from "../../harness/judge/structure.ts";
import { meansTheSame } from "../../harness/judge/same-meaning.ts";

const definition = (body: string, head = "CREATE OR REPLACE FUNCTION public.f()\n RETURNS text\n LANGUAGE sql\nAS") => `${head} $function$${body}$function$\n`;
const plpgsql = "CREATE OR REPLACE FUNCTION public.f()\n RETURNS text\n LANGUAGE plpgsql\n STABLE\nAS";

describe("means the same", () => {
  test.for<[string, string, string, unknown, unknown]>([
    ["now() and CURRENT_TIMESTAMP", "column", "default", "now()", "CURRENT_TIMESTAMP"],
    ["transaction_timestamp() within an expression", "column", "default", "(transaction_timestamp() + '01:00:00'::interval)", "(now() + '01:00:00'::interval)"],
    ["CURRENT_ROLE and CURRENT_USER of a policy", "policy", "using", "(owner = CURRENT_ROLE)", "(owner = CURRENT_USER)"],
    ["an option at its default", "relation", "options", null, ["autovacuum_enabled=true"]],
    ["an option at its default, in other words, beside another", "relation", "options", ["autovacuum_enabled=on", "fillfactor=70"], ["fillfactor=70"]],
    ["a view that says that it is no barrier", "relation", "options", ["security_barrier=false"], null],
    ["a body with other blanks", "function", "definition", definition(" select 'RX-' || nextval('s') "), definition("\n  select 'RX-'  ||\tnextval('s')\n")],
    ["a body with a comment", "function", "definition", definition("begin return 'a'; end", plpgsql), definition("begin -- what it's for\n  return 'a'; /* a /* b */ c */ end", plpgsql)],
    ["blanks between quotes", "function", "definition", definition("select 'it''s',  E'\\'',  \"a  b\", $q$ x  y $q$"), definition("select 'it''s', E'\\'', \"a  b\", $q$ x  y $q$")],
  ])("%s", ([, kind, field, was, is]) => {
    expect(meansTheSame(kind, { field, was, is })).toBe(true);
    const { findings, warnings } = judgeStructure([{ kind, name: "o", detail: { [field]: was } }], [{ kind, name: "o", detail: { [field]: is } }], {}, "2026-01-01");
    expect(findings).toEqual([]);
    expect(warnings).toMatchObject([{ kind: "spelled-otherwise", subject: `${kind} o` }]);
  });
});

describe("may mean something else", () => {
  test.for<[string, string, string, unknown, unknown]>([
    ["another moment", "column", "default", "now()", "clock_timestamp()"],
    ["a time without its zone", "column", "default", "now()", "LOCALTIMESTAMP"],
    ["somebody's own now()", "column", "default", "now()", "app.now()"],
    ["a text that says now()", "column", "default", "'now()'::text", "'CURRENT_TIMESTAMP'::text"],
    ["a comment", "column", "comment", "now()", "CURRENT_TIMESTAMP"],
    ["an option that isn't at its default", "relation", "options", null, ["autovacuum_enabled=false"]],
    ["an option whose default a setting decides", "relation", "options", null, ["autovacuum_vacuum_threshold=50"]],
    ["an option of another kind of object", "index", "options", null, ["fillfactor=100"]],
    ["blanks within a text", "function", "definition", definition("select 'a b'"), definition("select 'a  b'")],
    ["blanks within a text of a text", "function", "definition", definition("select $q$a b$q$"), definition("select $q$a  b$q$")],
    ["a comment that is a text", "function", "definition", definition("select '-- a'"), definition("select '-- b'")],
    ["a quote that a backslash does not end", "function", "definition", definition("select E'\\' -- a'"), definition("select E'\\' -- b'")],
    ["a comment that takes code along", "function", "definition", definition("select 1\n+ 2"), definition("select 1 -- \\\n-- + 2")],
    ["blanks within a name", "function", "definition", definition('select "a b"'), definition('select "a  b"')],
    ["no blank where one was", "function", "definition", definition("select 1 - - 2"), definition("select 1 -- 2")],
    ["another language", "function", "definition", definition("select 1", "CREATE FUNCTION f()\n RETURNS int\n LANGUAGE plpython3u\nAS"), definition("select  1", "CREATE FUNCTION f()\n RETURNS int\n LANGUAGE plpython3u\nAS")],
    ["another head", "function", "definition", definition("select 1"), definition("select  1", "CREATE OR REPLACE FUNCTION public.f()\n RETURNS text\n LANGUAGE sql\n IMMUTABLE\nAS")],
  ])("%s", ([, kind, field, was, is]) => {
    expect(meansTheSame(kind, { field, was, is })).toBe(false);
    expect(judgeStructure([{ kind, name: "o", detail: { [field]: was } }], [{ kind, name: "o", detail: { [field]: is } }], {}, "2026-01-01").findings).toHaveLength(1);
  });
  test("where only one of two changes is one of words", () => {
    const { findings, warnings } = judgeStructure([{ kind: "column", name: "t.a", detail: { default: "now()", type: "date" } }], [{ kind: "column", name: "t.a", detail: { default: "CURRENT_TIMESTAMP", type: "timestamp" } }], {}, "2026-01-01");
    expect(findings).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
});
