// The machine's browser.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first Chromium on the PATH, the one without a window first: it starts in half the time; undefined when there is none. */
export function findBrowser(): string | undefined {
  return ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What to do where there is none. */
export const NO_BROWSER = "no chromium on the PATH: `bash setup/browser.sh` installs it on Debian, as root";

/** Without what a browser does for its own sake: no profile's first run, no network but ours. */
export const BROWSER_ARGUMENTS: readonly string[] = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
