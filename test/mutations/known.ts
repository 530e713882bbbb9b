// Kinds of changes that the judge is known to miss, or to accuse: told in the corpus's document, and to be mended.

/** By the change's name: why. */
export const KNOWN: ReadonlyMap<string, string> = new Map<string, string>();
