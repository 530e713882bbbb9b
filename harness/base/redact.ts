// Keeps secrets out of everything that is written.

const MASK = "[redacted]";

/** Shapes that are secret wherever they appear, whoever wrote them. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // The password of a URL: scheme://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*):[^\s@"']+@/gi, `$1:${MASK}@`],
  // key=value and "key": "value" with a telling key
  [/((?:^|[^a-z])(?:password|passwd|pgpassword|secret|token|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*)(?!\[redacted\])("[^"]*"|'[^']*'|[^\s,;&"'})\]]+)/gi, `$1${MASK}`],
  [/\b(authorization:?\s*(?:bearer|basic)?\s+|bearer\s+)[a-z0-9._~+/=-]{8,}/gi, `$1${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
];

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
    for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
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
