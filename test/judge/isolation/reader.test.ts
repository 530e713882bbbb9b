import { describe, expect, test } from "vitest";
import { HarnessError } from "../../../harness/base/errors.ts";
import { checkIsolation } from "../../../harness/judge/isolation/check.ts";
import { readHistory } from "../../../harness/judge/isolation/read-ndjson.ts";
import { writeHistory } from "./build.ts";

const INVOKE = `{"index":0,"process":0,"type":"invoke","time":0,"value":[["append",1,1],["r",1,null]]}`;
const OK = `{"index":1,"process":0,"type":"ok","time":1,"value":[["append",1,1],["r",1,[1]]]}`;

function failure(...lines: string[]): HarnessError {
  try {
    const history = readHistory(writeHistory(`${lines.join("\n")}\n`));
    checkIsolation(history, "serializable");
  } catch (error) {
    if (error instanceof HarnessError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("reading a history", () => {
  test.for([
    ["white space anywhere", `  { "index" : 0 , "process" : 0 , "type" : "invoke" , "time" : 0 , "value" : [ [ "append" , 1 , 1 ] , [ "r" , 1 , null ] ] }\r`, ` {"index":1,"process":0,"type":"ok","time":1,"value":[ [ "append", 1, 1 ], [ "r", 1, [ 1 ] ] ]}\t`],
    ["fields in another order, and further ones", `{"value":[["append",1,1],["r",1,null]],"f":"txn","time":0.5,"type":"invoke","extra":{"a":[1,"}"]},"process":0}`, `{"value":[["append",1,1],["r",1,[1]]],"process":0,"time":1e3,"type":"ok"}`],
    ["empty lines and the nemesis between", `\n${INVOKE}\n{"process":"nemesis","type":"info","value":["kill","n1"],"index":5}\n`, `{"index":6,"process":0,"type":"ok","time":1,"value":[["append",1,1],["r",1,[1]]]}`],
    ["escapes in names", `{"index":0,"process":0,"type":"invoke","time":0,"value":[["append","\\u0061\\"",1],["r","a\\"",null]]}`, `{"index":1,"process":0,"type":"ok","time":1,"value":[["append","a\\"",1],["r","a\\"",[1]]]}`],
    ["negative and large elements", `{"index":0,"process":0,"type":"invoke","time":0,"value":[["append",-7,900000000000001],["r",-7,null]]}`, `{"index":1,"process":0,"type":"ok","time":1,"value":[["append",-7,900000000000001],["r",-7,[900000000000001]]]}`],
  ])("accepts %s", ([, ...lines]) => {
    const history = readHistory(writeHistory(lines.join("\n")));
    expect(history.transactions).toBe(1);
    expect(history.list(1)).toEqual([history.opValue.data[0]]);
    expect(checkIsolation(history, "serializable").counts.size).toBe(0);
  });

  test("reads a file longer than its buffer, with lines longer than it too", () => {
    const many = Array.from({ length: 900_000 }, (_, i) => i + 1_000_000);
    const lines = [`{"index":0,"process":0,"type":"invoke","time":0,"value":[${many.map((n) => `["append",1,${n}]`).join(",")}]}`,
      `{"index":1,"process":0,"type":"ok","time":0,"value":[${many.map((n) => `["append",1,${n}]`).join(",")}]}`];
    const history = readHistory(writeHistory(lines.join("\n")));
    expect(history.opKey.length).toBe(many.length);
    expect(history.opValue.data[many.length - 1]).toBe(many.at(-1));
  });

  test.for<readonly [string, RegExp, ...string[]]>([
    ["no JSON", /line 2 .*expected an object/, INVOKE, "nonsense"],
    ["a line that was cut off", /line 2 .*cut off|line 2 .*end of the line/, INVOKE, OK.slice(0, 40)],
    ["an unknown type", /line 1 .*invoke, ok, fail or info/, INVOKE.replace("invoke", "begin")],
    ["an unknown operation", /line 1 .*"append" or "r"/, INVOKE.replace(`"r"`, `"w"`)],
    ["a process that is no number", /line 1 .*process is an integer/, INVOKE.replace(`"process":0`, `"process":"zero"`)],
    ["no process", /line 1 .*no process/, INVOKE.replace(`"process":0,`, "")],
    ["no type", /line 1 .*no type/, INVOKE.replace(`"type":"invoke",`, "")],
    ["no value", /line 1 .*no value/, `{"index":0,"process":0,"type":"invoke","time":0}`],
    ["a completion that nothing invoked", /line 1 .*has not invoked/, OK],
    ["a second invocation before the first has ended", /line 2 .*still open/, INVOKE, INVOKE.replace(`"index":0`, `"index":1`)],
    ["a process that returns after an info", /line 3 .*comes back after an info/, INVOKE, `{"index":1,"process":0,"type":"info","time":1,"value":null}`, INVOKE.replace(`"index":0`, `"index":2`)],
    ["another operation in the completion", /line 2 .*not those of its invocation/, INVOKE, OK.replace(`["append",1,1]`, `["append",2,1]`)],
    ["another element in the completion", /line 2 .*another element/, INVOKE, OK.replace(`["append",1,1]`, `["append",1,3]`)],
    ["fewer operations in the completion", /line 2 .*fewer/, INVOKE, OK.replace(`,["r",1,[1]]`, "")],
    ["an element that is no integer", /line 1 .*integer/, INVOKE.replace(`["append",1,1]`, `["append",1,1.5]`)],
    ["a list element that is no integer", /line 2 .*integer/, INVOKE, OK.replace("[1]]", "[1.5]]")],
    ["a list element that is null", /line 2 .*integer/, INVOKE, OK.replace("[1]]", "[null]]")],
    ["a number too large to be exact", /line 1 .*10\^15/, INVOKE.replace(`["append",1,1]`, `["append",1,12345678901234567]`)],
    ["an index out of order", /line 2 .*does not follow/, INVOKE, OK.replace(`"index":1`, `"index":0`)],
    ["something after the object", /line 1 .*something follows/, `${INVOKE} x`],
    ["a malformed value of a failure", /line 2 .*malformed/, INVOKE, `{"index":1,"process":0,"type":"fail","time":1,"value":[1,]}`],
    ["a time that is no number", /line 1 .*time/, INVOKE.replace(`"time":0`, `"time":"now"`)],
    ["an element appended twice", /line 3 appends 1 to 1, which line 1 does/, INVOKE, OK, INVOKE.replace(`"index":0`, `"index":2`)],
  ])("rejects %s, with its line", ([, message, ...lines]) => {
    const error = failure(...lines);
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(3);
  });

  test("rejects a file that is not there", () => {
    expect(() => readHistory("/nowhere/h.ndjson")).toThrow(/can't be read/);
  });

  test("every line cut anywhere is rejected or ends the transaction, and never ends in a crash", () => {
    for (let cut = 0; cut < OK.length; cut++) {
      const file = writeHistory(`${INVOKE}\n${OK.slice(0, cut)}`);
      try {
        expect(readHistory(file).status.get(0)).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(HarnessError);
      }
    }
  });
});
