// The machine's browser, and why there is none; under CI=true that is a failure, not a skip.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const found = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
const lacking = found ? undefined : "no chromium on the PATH: TURNBACK_INSTALL_DOCKER=1 npm test installs it on Debian, as root";

if (lacking && process.env["CI"] === "true") throw new Error(`CI must run the browser tests, and can't: ${lacking}`);
if (lacking) console.warn(`browser tests are skipped: ${lacking}`);

export const browserPath: string | undefined = found;
export const browserReason: string | undefined = lacking;
