// Redaction, undo, waiting and turns.

import { describe, expect, test } from "vitest";
import { waitUntil, within, pause } from "../../harness/base/deadline.ts";
import { sharedMutex } from "../../harness/base/mutex.ts";
import { Redactor } from "../../harness/base/redact.ts";
import { UndoStack } from "../../harness/base/undo.ts";
import { HarnessError } from "../../harness/base/errors.ts";

describe("redaction", () => {
  const mask = (text: string) => new Redactor().redact(text).replaceAll(/\[redacted:[0-9a-f]{12}\]/g, "[...]");
  test.for([
    ["postgres://app:s3cr3t-canary@db:5432/app", "postgres://app:[...]@db:5432/app"],
    ["password=s3cr3t-canary host=db", "password=[...] host=db"],
    ["host=db user=a password=canary dbname=x", "host=db user=a password=[...] dbname=x"],
    ["password=canary port=1 host=db", "password=[...] port=1 host=db"],
    ["perform dblink('host=db password=canary', 'select 1')", "perform dblink('host=db password=[...]', 'select 1')"],
    ["'host=db password=''can ary'' user=x'", "'host=db password=''[...]'' user=x'"],
    ["export PGPASSWORD=canary", "export PGPASSWORD=[...]"],
    ['{"password": "s3cr3t-canary"}', '{"password": "[...]"}'],
    ["api_key: s3cr3t-canary", "api_key: [...]"],
    ["api_key := 'canary'; secret_key => 'canary'", "api_key := '[...]'; secret_key => '[...]'"],
    ["create role x login password 'can''ary' valid until '2027-01-01'", "create role x login password '[...]' valid until '2027-01-01'"],
    ["options (user 'a', password 'canary')", "options (user 'a', password '[...]')"],
    ["login_token = 'canary'", "login_token = '[...]'"],
    ["Authorization: Bearer abc.s3cr3t-canary", "Authorization: Bearer [...]"],
    ["token=s3cr3t-canary, next", "token=[...], next"],
    ["SCRAM-SHA-256$4096:c2FsdA==$a:b", "[...]"],
  ] as const)("masks what has the shape of a secret: %s", ([text, clean]) => {
    expect(mask(text)).toBe(clean);
    expect(new Redactor().redact(new Redactor().redact(text)), "and once is as good as twice").toBe(new Redactor().redact(text));
  });

  test("keeps different secrets different, and equal ones equal", () => {
    const redact = (text: string) => new Redactor().redact(text);
    expect(redact("password 'one'")).not.toBe(redact("password 'two'"));
    expect(redact("password 'one'")).toBe(redact("password 'one'"));
  });

  test("masks a known secret wherever it is, also inside data and URLs", () => {
    const redactor = new Redactor();
    redactor.add("p@ss/word");
    expect(redactor.redactData({ a: ["x p@ss/word y"], b: { c: "p%40ss%2Fword" } })).toEqual({ a: ["x [redacted] y"], b: { c: "[redacted]" } });
  });

  test.for([
    "update customers set name = $2 where ref = $1; tokenizer, passwordless, 5432",
    "login_token: login_token_pkey", "accounts.password_hash: check2", "public.api_key: own_rows", "secret_key",
    "if new.password = old.password then return new; end if;", "where password=old_password and api_key=$1", "set token=md5(random()::text)", "password_hash = crypt($1, gen_salt('bf'))",
    "create index on sessions (login_token, api_key)", "alter table api_key add column secret_key text not null default 'none'", "CHECK (secret = token)", "select token = \"Token\" from t",
    "comment on column users.password is 'hashed'", "relation \"login_token\" does not exist", "FOREIGN KEY (token) REFERENCES token(token)",
  ])("leaves names alone, and ordinary text: %s", (text) => {
    expect(new Redactor().redact(text)).toBe(text);
  });
});

describe("undo", () => {
  test("runs in reverse, and a failing or hanging undo keeps none of the others from running", async () => {
    const ran: string[] = [];
    const undo = new UndoStack(50);
    undo.push("first", () => { ran.push("first"); return Promise.resolve(); });
    undo.push("hanging", () => new Promise(() => undefined));
    undo.push("failing", () => Promise.reject(new Error("boo")));
    undo.push("last", () => { ran.push("last"); return Promise.resolve(); });
    await undo.runAll();
    expect(ran).toEqual(["last", "first"]);
    expect(undo.failures.map(({ what }) => what)).toEqual(["failing", "hanging"]);
  });

  test("what was undone early is not undone again", async () => {
    let times = 0;
    const undo = new UndoStack();
    const now = undo.push("once", () => { times += 1; return Promise.resolve(); });
    await now();
    await now();
    await undo.runAll();
    expect(times).toBe(1);
  });
});

describe("waiting", () => {
  test("says what it waited for, how long, and what it saw last", async () => {
    const waiting = waitUntil({ what: "replica-1 ready", withinMs: 30, everyMs: 5, check: () => undefined, lastSeen: () => "starting up" });
    await expect(waiting).rejects.toThrow("timed out after 30 ms waiting for replica-1 ready; last seen: starting up");
  });

  test("ends at once when it is aborted", async () => {
    const stop = new AbortController();
    const waiting = waitUntil({ what: "never", withinMs: 60_000, check: () => undefined, signal: stop.signal });
    stop.abort(new HarnessError({ code: "interrupted", kind: "run", message: "stopped" }));
    await expect(waiting).rejects.toThrow("stopped");
  });

  test("bounds what can't be cancelled", async () => {
    await expect(within(10, "the undo", new Promise(() => undefined))).rejects.toThrow("timed out after 10 ms waiting for the undo");
    await expect(within(1_000, "quick", pause(1).then(() => 7))).resolves.toBe(7);
  });
});

test("many beside each other, or one alone: it waits for those under way, and who comes after it waits for it", async () => {
  const { beside, alone } = sharedMutex();
  const told: string[] = [];
  const work = (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    return { run: async () => { told.push(`${name} begins`); await promise; told.push(`${name} ends`); }, end: resolve, fail: reject };
  };
  const [a, b, c, d] = [work("a"), work("b"), work("c"), work("d")];
  const settle = () => new Promise((resolve) => { setImmediate(resolve); });
  const first = [beside(a.run), beside(b.run)];
  await settle();
  const [third, fourth] = [alone(c.run), beside(d.run)];
  await settle();
  expect(told).toEqual(["a begins", "b begins"]);
  a.end();
  b.fail(new Error("its caller's alone"));
  expect(await Promise.allSettled(first)).toMatchObject([{ status: "fulfilled" }, { status: "rejected" }]);
  await settle();
  expect(told).toEqual(["a begins", "b begins", "a ends", "c begins"]);
  c.fail(new Error("its caller's alone"));
  await expect(third).rejects.toThrow("its caller's alone");
  await settle();
  expect(told.at(-1)).toBe("d begins");
  d.end();
  await fourth;
});
