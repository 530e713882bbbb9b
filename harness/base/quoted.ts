// What a message quotes of somebody's data: in one line, bounded, and whatever the data are.

const MOST = 80;

/** As JSON writes it, and at most so many characters of it: never throws, whatever the value is, and takes no longer for a large one. */
export function quoted(value: unknown, most = MOST): string {
  const text = written(value, most + 1, []);
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** A name or a path as it is: what would break the line is escaped, and what is too long is cut. */
export function inShort(text: string, most = MOST): string {
  const line = JSON.stringify(text.slice(0, most + 1)).slice(1, -1).replaceAll('\\"', '"');
  return line.length <= most ? line : `${line.slice(0, most).replace(/[\ud800-\udbff]$/, "")}…`;
}

function written(value: unknown, most: number, within: readonly object[]): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, most));
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "a function" : typeof value === "bigint" ? `${value}n`.slice(0, most) : String(value);
  if (within.includes(value)) return "[in a circle]";
  try {
    const list = Array.isArray(value);
    let text = list ? "[" : "{";
    let first = true;
    for (const key in value) {
      if (text.length >= most) break;
      text += `${first ? "" : ","}${list ? "" : `${JSON.stringify(key.slice(0, most))}:`}${written((value as Record<string, unknown>)[key], most - text.length, [...within, value])}`;
      first = false;
    }
    return text + (list ? "]" : "}");
  } catch {
    return "[what can't be read]"; // a getter of somebody's throws
  }
}
