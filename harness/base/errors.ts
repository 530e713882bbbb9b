// The harness's own failures: what broke, where, and what to do about it.

/** Why the harness itself could not do its work; each maps to one exit code. */
export type ErrorKind = "declaration" | "environment" | "run";

const EXIT_CODES = { declaration: 3, environment: 4, run: 2 } as const satisfies Record<ErrorKind, number>;

export type HarnessErrorFields = {
  /** A stable, greppable name such as `service-not-ready`. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** One sentence: the thing, the bound and what was seen. */
  readonly message: string;
  /** File, field or service that the reader must look at. */
  readonly place?: string | undefined;
  /** What to do next, as an imperative sentence or a command. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
};

/** A failure of the harness or its surroundings, never of the drilled system. */
export class HarnessError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly place: string | undefined;
  readonly remedy: string | undefined;

  constructor(fields: HarnessErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "HarnessError";
    this.code = fields.code;
    this.kind = fields.kind;
    this.place = fields.place;
    this.remedy = fields.remedy;
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }
}

/** The message of anything thrown, without its stack; nested causes are joined by `: `. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(messageOf).join("; ");
  }
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && error.message === "" ? String(error.code) : "";
  return withoutData(error.message, codeOf(error)) || code || error.name;
}

/**
 * What a database says of an error, without the data that it quotes: a server names the value that its type refuses (SQLSTATE class 22), and DuckDB the
 * line that it can't read. Whose values they are nobody knows here, and messages go to terminals, reports and CI logs.
 */
function withoutData(message: string, code: string | undefined): string {
  if (code !== undefined && /^22[0-9A-Z]{3}$/.test(code)) return message.replace(/: "[^]*$/, "").replaceAll(/\b(value|number|string|character) "[^"]*"/g, "$1");
  return message.replace(/\n\s*(?:Original Line|Input): ?[^]*?(?=\nPossible|\n {2}file|$)/g, "").replaceAll(/\b((?:convert|cast|conversion of) string|string value) (?:'[^']*'|"[^"]*")/gi, "$1");
}

/** The `code` field of a system or PostgreSQL error (`ENOSPC`, `42703`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What is thrown by others is a failure of ours: nobody has foreseen it. */
export function asHarnessError(error: unknown): HarnessError {
  if (error instanceof HarnessError) return error;
  return new HarnessError({ code: "harness-failed", kind: "run", message: messageOf(error), remedy: "run again with --debug for the stack", cause: error });
}
