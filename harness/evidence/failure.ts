// What a statement that failed is recorded with: fields, so that nobody has to parse prose.

import { messageOf } from "../base/errors.ts";

/** Where something failed and by which error, as PostgreSQL names it. */
export type Failure = {
  /** The statement that was sent, at most its first 300 characters. */ readonly statement?: string;
  /** The SQLSTATE, or the harness's own code. */ readonly code?: string;
  readonly message: string;
  /** The object that PostgreSQL names in the error. */
  readonly schema?: string; readonly table?: string; readonly constraint?: string;
};

const MOST = 300;
const sentBy = new WeakMap<object, string>();

/** Remembers which statement an error answers; throws it on. */
export function answering(statement: string): (error: unknown) => never {
  return (error) => {
    if (typeof error === "object" && error !== null && !sentBy.has(error)) sentBy.set(error, statement.trim());
    throw error;
  };
}

/** The fields of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  const fields = (typeof error === "object" && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const cause = fields["code"] === undefined ? fields["cause"] : undefined;
  if (typeof cause === "object" && cause !== null) return { ...failureOf(cause), message: messageFrom(error) };
  const text = (name: "code" | "schema" | "table" | "constraint") => (typeof fields[name] === "string" && fields[name] !== "" ? { [name]: fields[name] } : {});
  const statement = typeof error === "object" && error !== null ? sentBy.get(error) : undefined;
  return {
    message: messageFrom(error), ...(statement === undefined ? {} : { statement: statement.length > MOST ? `${statement.slice(0, MOST)}…` : statement }),
    ...text("code"), ...text("schema"), ...text("table"), ...text("constraint"),
  };
}

const messageFrom = messageOf;
