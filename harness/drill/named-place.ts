// What is wrong with a place that a declaration or a command names: whatever lies there, the answer is a sentence.

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { codeOf, messageOf } from "../base/errors.ts";
import { inShort } from "../base/quoted.ts";

/** Undefined where there is a plain file, or a folder, that can be read. @param called as whoever names it writes it */
export async function whyNot(kind: "file" | "folder", path: string, called = path): Promise<string | undefined> {
  const shown = inShort(called);
  if (path.includes("\0")) return `${shown} is no path: it has a NUL in it`;
  try {
    const info = await stat(path);
    if (kind === "file" ? !info.isFile() : !info.isDirectory()) {
      const is = info.isDirectory() ? "a folder" : info.isFile() ? "a file" : info.isFIFO() ? "a pipe" : info.isSocket() ? "a socket" : "a device";
      return `${shown} is ${is}, and not a ${kind}`;
    }
    await access(path, kind === "file" ? constants.R_OK : constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    switch (codeOf(error)) {
      case "ENOENT": case "ENOTDIR": return `there is no ${kind} ${shown}`;
      case "ELOOP": return `${shown} is a link that leads in a circle`;
      case "ENAMETOOLONG": return `${shown} is too long for a path`;
      case "EACCES": case "EPERM": return `${shown} may not be read by this user`;
      default: return `${shown} can't be read: ${inShort(messageOf(error))}`;
    }
  }
}
