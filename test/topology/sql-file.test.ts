// SQL files: where COPY blocks begin and end, whatever quotes and comments say, and what only psql understands.

import { expect, test } from "vitest";
import { partsOf, PsqlCommand } from "../../harness/topology/sql-file.ts";

const COPY = "copy notes (ref) from stdin;\nn1\nn2\n\\.\n";

test("a file without COPY is one part, as it is", () => {
  const sql = "create table a (b int);\ninsert into a values (1);\n";
  expect(partsOf(sql)).toEqual([{ sql, line: 1 }]);
});

test("a COPY block is a part of its own, and what comes after knows its line", () => {
  expect(partsOf(`select 1;\n${COPY}select 2;\n`)).toEqual([{ sql: "select 1;\n", line: 1 }, { sql: "copy notes (ref) from stdin", line: 2, data: "n1\nn2\n" }, { sql: "select 2;\n", line: 6 }]);
});

test("data are no SQL: quotes, semicolons and backslashes in them are what they are", () => {
  const data = "it's;\t\\N\n$$\n-- no\n\\\\.\n/*\n";
  expect(partsOf(`COPY public.t FROM stdin;\n${data}\\.\nselect 1`).map((part) => part.data ?? part.sql)).toEqual([data, "select 1"]);
});

test("data may have line ends of Windows, options, or no end at all", () => {
  expect(partsOf("copy t from stdin with (format csv);\r\n1,2\r\n\\.\r\nselect 1").map((part) => part.data)).toEqual(["1,2\r\n", undefined]);
  expect(partsOf("copy t from stdin;\n1\n").map((part) => part.data)).toEqual(["1\n"]);
  expect(partsOf("copy t from stdin;\n\\.\n").map((part) => part.data)).toEqual([""]);
});

test.for([
  ["quotes", "insert into a values ('x; copy t from stdin;');"],
  ["quotes in quotes", "insert into a values ('it''s; copy t from stdin;');"],
  ["a backslash in quotes", "insert into a values ('\\'); select 'copy t from stdin;';"],
  ["an escaping text", "insert into a values (E'\\'; copy t from stdin;');"],
  ["a name in quotes", "select 1 as \"; copy t from stdin;\";"],
  ["dollars", "do $$ begin perform 1; copy t from stdin; end $$;"],
  ["named dollars with others inside", "do $body$ begin execute $$copy t from stdin;$$; end $body$;"],
  ["a dollar inside a name", "select 1 as a$b; select 2 as c$b;"],
  ["a comment", "-- copy t from stdin;\nselect 1; -- it's"],
  ["comments in comments", "/* a /* copy t from stdin; */ it's */ select 1;"],
  ["COPY to somewhere", "copy t to stdout; select 'from stdin';"],
  ["a backslash in a comment", "-- \\connect x\nselect 1;"],
] as const)("is not misled by %s", ([, sql]) => {
  expect(partsOf(sql)).toEqual([{ sql, line: 1 }]);
});

test("what pg_dump writes for psql is left out, and every line keeps its number", () => {
  expect(partsOf("--\n\\restrict abc\nselect 1;\n\\unrestrict abc\n")).toEqual([{ sql: "--\n", line: 1 }, { sql: "\nselect 1;\n", line: 2 }]);
});

test.for([["\\connect other", 2], ["\\i more.sql", 2], ["\\set x 1", 2], ["select 1 \\gexec", 2]] as const)("%s is refused, with its line", ([command, line]) => {
  const refused = () => partsOf(`select 1;\n${command}\nselect 2;`);
  expect(refused).toThrow(PsqlCommand);
  expect(refused).toThrow("command of psql");
  try { refused(); } catch (error) { expect((error as PsqlCommand).line).toBe(line); }
});
