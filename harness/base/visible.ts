// Text from outside - servers, systems, runs of strangers - as something to look at: no character of it does anything.

/** Controls (C0 but tab and line end, DEL, C1), what changes the direction of text, what can't be seen, and halves of characters. */
const ACTS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Each character that would act is written as JSON writes it, \\u001b: within a JSON document that changes nothing. */
export function visible(text: string): string {
  return text.replace(ACTS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** All texts in some data, and the names of its fields. */
export function visibleData<T>(data: T): T {
  if (typeof data === "string") return visible(data) as T;
  if (Array.isArray(data)) return data.map(visibleData) as T;
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [visible(key), visibleData(value)])) as T;
}

/** Colours, and what Markdown parts a name from its @ by: ours, where outside text was made visible before. */
const OURS = /(\u001b\[[0-9;]*m|\u200b)/;
/** What CI runners take for a command where a line begins with it: GitHub's and its kin's, Azure's, TeamCity's. */
const COMMAND = /^((?:\s|\u001b\[[0-9;]*m)*)(?:::(?=\S)|##(?=(?:vso|teamcity)?\[))/gm;

/** A line or more for a terminal or a CI log: colours stay, all else that acts is made visible, and no line is a command to a CI runner. */
export function forTerminal(text: string): string {
  const shown = text.split(OURS).map((part, index) => (index % 2 === 1 ? part : visible(part))).join("");
  return shown.replace(COMMAND, (found, before: string) => `${before}${found.slice(before.length, before.length + 1)} ${found.slice(before.length + 1)}`);
}
