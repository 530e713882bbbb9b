// The machine's browser, and why there is none; under CI=true that is a failure, not a skip.

import { NO_BROWSER, findBrowser } from "../../harness/observe/browser.ts";

const found = findBrowser();
const lacking = found ? undefined : NO_BROWSER;

if (lacking && process.env["CI"] === "true") throw new Error(`CI must run the browser tests, and can't: ${lacking}`);
if (lacking) console.warn(`browser tests are skipped: ${lacking}`);

export const browserPath: string | undefined = found;
export const browserReason: string | undefined = lacking;
