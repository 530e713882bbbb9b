// What outlives runs: prepared data and facts. What a killed run has half made of them is found, and what isn't whole any more is made anew.

import { lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HarnessError, codeOf, messageOf } from "../base/errors.ts";
import { ROOT, exists, writeAtomically } from "../base/files.ts";
import { compareWith, giveRights, manifestOf, readManifest } from "../base/manifest.ts";
import { fateOf, partialOf } from "../base/owner.ts";

export const CACHE = join(ROOT, ".cache");
const MANIFEST = "manifest.json";
/** Folders in which things are made beside their place, and renamed when they are whole. */
const MADE_IN = ["templates", "facts", "kept", "live", "bin"];

/** A folder with what is kept of one kind under one name: beside it lies what it must hold. */
export type Shelf = { readonly kind: "templates" | "facts"; readonly name: string; readonly holds: string };
const wrapperOf = ({ kind, name }: Shelf, cache: string) => join(cache, kind, name);

/** What is wrong with something that is kept; undefined where it is whole. `repaired` says what was put right. */
export type Looked = { readonly whole: boolean; readonly detail: string };

/**
 * The folder that is kept there, if it is whole. One whose rights or owners have changed gets them back; any other is taken away, and is to be made anew.
 * @throws HarnessError `cache-foreign`, exit code 4, where this user may not look at it, or put it right
 */
export async function keptFolder(shelf: Shelf, { cache = CACHE, say = () => undefined }: { readonly cache?: string; readonly say?: (what: string) => void } = {}): Promise<string | undefined> {
  const wrapper = wrapperOf(shelf, cache);
  const looked = await lookAt(shelf, { cache, repair: true });
  if (!looked) return undefined;
  if (looked.detail !== "") say(`the cache's ${shelf.kind}/${shelf.name}: ${looked.detail}`);
  if (looked.whole) return join(wrapper, shelf.holds);
  await takeAway(wrapper);
  return undefined;
}

/** Looks at something that is kept. @param repair whether rights and owners are put right; undefined where nothing is kept there */
export async function lookAt(shelf: Shelf, { cache = CACHE, repair = false }: { readonly cache?: string; readonly repair?: boolean } = {}): Promise<Looked | undefined> {
  const wrapper = wrapperOf(shelf, cache);
  if (!(await exists(wrapper))) return undefined;
  const folder = join(wrapper, shelf.holds);
  try {
    const manifest = readManifest(join(wrapper, MANIFEST));
    if (!manifest) return { whole: false, detail: "nothing says what it must hold: it is made anew" };
    const { wrong, rights, anew } = compareWith(folder, manifest);
    if (wrong !== undefined) return { whole: false, detail: `${wrong}: it is made anew` };
    if (rights.length > 0 && repair) giveRights(folder, manifest, rights);
    if (anew && repair) await writeAtomically(join(wrapper, MANIFEST), JSON.stringify(anew));
    if (rights.length === 0) return { whole: true, detail: "" };
    return { whole: repair, detail: `${rights.length === 1 ? String(rights[0]) : `${rights.length} files`} had other rights or another owner${repair ? ", and got them back" : ""}` };
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return { whole: false, detail: "it is not whole: it is made anew" };
    if (codeOf(error) !== "EACCES" && codeOf(error) !== "EPERM") throw error;
    throw new HarnessError({
      code: "cache-foreign", kind: "environment", place: wrapper, cause: error,
      message: `this user may not look at ${wrapper}, or put it right: ${messageOf(error)}`, remedy: `remove it as who made it: rm -r ${wrapper}`,
    });
  }
}

/** Keeps a finished folder under its name: in one rename, or not at all. Another run may have been faster. @param make puts it where it is told */
export async function keepFolder(shelf: Shelf, make: (at: string) => Promise<void>, { cache = CACHE } = {}): Promise<string> {
  const wrapper = wrapperOf(shelf, cache);
  await mkdir(join(cache, shelf.kind), { recursive: true, mode: 0o700 });
  const partial = partialOf(wrapper);
  try {
    await mkdir(partial, { mode: 0o700 });
    await make(join(partial, shelf.holds));
    await writeAtomically(join(partial, MANIFEST), JSON.stringify(manifestOf(join(partial, shelf.holds))));
    await rename(partial, wrapper);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(wrapper))) throw error;
  }
  return join(wrapper, shelf.holds);
}

/** By a rename first: whoever uses it, or makes it anew, never sees half of it. */
export async function takeAway(path: string): Promise<void> {
  const gone = partialOf(path);
  await rename(path, gone).catch((error: unknown) => { if (codeOf(error) !== "ENOENT") throw error; }); // somebody else was faster
  await rm(gone, { recursive: true, force: true });
}

export type Part = { readonly path: string; /** Why it stays, where it does. */ readonly stays?: string };

/** What somebody began to make, or to remove, in the cache or as a copy of binaries, and is gone; and of what nobody can say from here whether they are. */
export async function abandonedParts({ cache = CACHE, temporary = tmpdir() } = {}): Promise<Part[]> {
  const folders = [...MADE_IN.map((name) => join(cache, name)), temporary];
  const all = await Promise.all(folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name))));
  return all.flat().flatMap((path) => {
    const fate = fateOf(path);
    if (fate === "gone") return [{ path }];
    return fate === "elsewhere" ? [{ path, stays: "it belongs to another machine or pid namespace (a container): run `turnback clean` there, or remove it by hand" }] : [];
  });
}

/** Removes what is abandoned; what somebody else removes at the same time is no error. */
export async function removeAbandoned(where?: Parameters<typeof abandonedParts>[0]): Promise<void> {
  for (const { path, stays } of await abandonedParts(where)) if (stays === undefined) await rm(path, { recursive: true, force: true });
}

/** Everything that is kept, for who looks after it. */
export async function shelves(cache = CACHE): Promise<Shelf[]> {
  const found: Shelf[] = [];
  for (const [kind, holds] of [["templates", "data"], ["facts", "kept"]] as const) {
    for (const name of await readdir(join(cache, kind)).catch(() => [])) {
      if (fateOf(name) === undefined && (await lstat(join(cache, kind, name))).isDirectory()) found.push({ kind, name, holds });
    }
  }
  return found;
}

