// Keeps secrets out of everything that is written: values are masked, names never, and two secrets stay two.

import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./files.ts";

const MASK = "[redacted]";
const KEY_FILE = join(ROOT, ".cache", "redaction.key");

let key: Buffer | undefined;

/** This machine's own, so that facts that are kept between runs stay comparable, and nobody elsewhere can guess what a digest is of. */
function machineKey(): Buffer {
  if (key) return key;
  try {
    mkdirSync(dirname(KEY_FILE), { recursive: true });
    writeFileSync(KEY_FILE, randomBytes(32), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return (key = randomBytes(32)); // nothing can be kept, and so no facts are
  }
  const read = readFileSync(KEY_FILE);
  return (key = read.length === 32 ? read : randomBytes(32)); // another process is about to write it
}

/** What stands in a secret's place: equal for equal secrets, and different for others. */
export function keyedDigest(secret: string): string {
  return `[redacted:${createHmac("sha256", machineKey()).update(secret).digest("hex").slice(0, 12)}]`;
}

const TELLING = "(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key)";
const BEFORE = "(?<![a-z])"; // `login_token` tells as much as `token` does
const SINGLE = "'(?:[^'\\\\]|''|\\\\.)*'";
const CONNECTION = "(?:host|hostaddr|port|dbname|user|sslmode|service|connect_timeout|application_name|options|target_session_attrs)";
const NOT_MASKED = "(?!['\"]?\\[redacted)";

/*
 * These look at text from outside: what repeats has a bound wherever a match could begin within it, or a line of blanks takes a minute.
 */

/** By pattern: what is before the secret, and the secret. */
const SHAPES: readonly RegExp[] = [
  // The password of a URL: scheme://user:password@host
  /(\b[a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@"']{0,200}:)([^\s@"']{1,4000})(?=@)/gi,
  // A connection string's: beside host=, dbname= and the like, in either order. Quotes are doubled where it stands in SQL.
  new RegExp(`(\\b${CONNECTION}\\s*=\\s*(?:''[^']*''|'[^']*'|[^\\s'"]+)\\s+(?:\\w+\\s*=\\s*(?:''[^']*''|'[^']*'|[^\\s'"]+)\\s+){0,20}?(?:password|sslpassword|passfile)\\s*=\\s*)${NOT_MASKED}(''[^']+''|'[^']+'|[^\\s'"]+)`, "gi"),
  new RegExp(`(\\b(?:password|sslpassword|passfile)\\s*=\\s*)${NOT_MASKED}(''[^']+''|'[^']+'|[^\\s'"]+)(?=\\s+(?:\\w+\\s*=\\s*[^\\s'"]+\\s+){0,20}?${CONNECTION}\\s*=)`, "gi"),
  /(\bpgpassword\s*=\s*)(?!['"]?\[redacted)("[^"]*"|'[^']*'|[^\s;]+)/gi,
  // A literal after a telling name: password 'x', "password": "x", token := 'x', api_key => 'x', secret: 'x'
  new RegExp(`(${BEFORE}${TELLING}["']?\\s*(?:=>|:=|[=:]|(?<=\\s))\\s*e?)${NOT_MASKED}(${SINGLE})`, "gi"),
  new RegExp(`(${BEFORE}${TELLING}["']?(?::\\s*|=))${NOT_MASKED}("(?:[^"\\\\]|\\\\.)*")`, "gi"),
  // Without quotes it may be the name of something: only what no name looks like.
  new RegExp(`(${BEFORE}${TELLING}["']?:\\s*)${NOT_MASKED}(?![a-z_][\\w$.]*(?:[\\s,;&"'()})\\]]|$))((?=[^\\s,;&"'()})\\]]*[a-z])(?=[^\\s,;&"'()})\\]]*\\d)[^\\s,;&"'()})\\]$]{6,})`, "gi"),
  new RegExp(`(${BEFORE}${TELLING}=)${NOT_MASKED}(?![a-z_.]+\\d*\\(|[a-z]*[_.][\\w.]*(?:[\\s,;&"'()})\\]]|$))((?=[^\\s,;&"'()})\\]]*[a-z])(?=[^\\s,;&"'()})\\]]*\\d)[^\\s,;&"'()})\\]$]{6,})`, "gi"),
  /(\bauthorization:?\s{0,20}(?:bearer|basic)?\s{1,20}|\bbearer\s{1,20})(?!\[redacted)([a-z0-9._~+/=-]{8,})/gi,
  // What is a secret by its own look.
  /()(SCRAM-SHA-256\$\d+:[^\s'"]+)/g, /()(\bAKIA[0-9A-Z]{16}\b)/g, /()(\bgh[pousr]_[A-Za-z0-9]{30,})/g, /()(\bsk_live_[A-Za-z0-9]{16,})/g, /()(\beyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{8,})/g,
  /()(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g,
];

/** A secret within its quotes stays within them, so that what is around it can be read as before. */
function masked(secret: string): string {
  const quotes = /^(''|'|")[\s\S]*\1$/.exec(secret)?.[1] ?? "";
  const inside = secret.slice(quotes.length, secret.length - quotes.length);
  return inside === "" || inside.startsWith("[redacted") ? secret : `${quotes}${keyedDigest(inside)}${quotes}`;
}

/** Whether a text can hold anything of a secret's shape; most can't, and needn't be looked at further. */
const SUSPECT = /pass|secret|token|key|:\/\/|bearer|authorization|SCRAM|AKIA|gh[pousr]_|sk_live|eyJ/i;

/** Masks known secrets first, then anything that has a secret's shape. */
export class Redactor {
  readonly #secrets = new Set<string>();

  /** Registers a value that must never be written; values under four characters are ignored. */
  add(secret: string): void {
    if (secret.length < 4) return;
    this.#secrets.add(secret);
    this.#secrets.add(encodeURIComponent(secret));
  }

  redact(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, MASK);
    if (!SUSPECT.test(clean)) return clean;
    for (const shape of SHAPES) clean = clean.replace(shape, (_, before: string, secret: string) => `${before}${masked(secret)}`);
    return clean;
  }

  /** Redacts every string inside plain data; keys stay. */
  redactData<T>(data: T): T {
    return this.#walk(data) as T;
  }

  #walk(value: unknown): unknown {
    if (typeof value === "string") return this.redact(value);
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#walk(item)]));
    }
    return value;
  }
}
