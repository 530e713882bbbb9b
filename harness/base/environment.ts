// What this process takes from its environment, for itself and its children: nothing that would lead a rehearsal elsewhere.

import http from "node:http";

/*
 * libpq's variables change what a client asks for (PGOPTIONS), where (PGHOST) and how; NODE_PG_FORCE_NATIVE takes another client altogether. A proxy
 * would be asked for services on this machine. k6 reads K6_* as options. And a time zone changes what a date is.
 */
const DROPPED = /^(PG[A-Z]+|NODE_PG_.*|K6_.*|(HTTPS?|ALL|FTP)_PROXY|NODE_USE_ENV_PROXY)$/i;

/** To be called first, before anything is connected to. Gives the names of what it dropped. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv = process.env): string[] {
  const dropped = Object.keys(environment).filter((name) => DROPPED.test(name));
  for (const name of dropped) delete environment[name];
  environment["TZ"] = "UTC";
  if (dropped.length > 0 && environment === process.env) withoutProxies();
  return dropped;
}

/** Node has read NODE_USE_ENV_PROXY and the proxies already, when it started: its agents are replaced, or told to ask none. */
function withoutProxies(): void {
  process.env["NO_PROXY"] = "*";
  process.env["no_proxy"] = "*";
  http.globalAgent = new http.Agent({ keepAlive: true, timeout: 5_000 });
}
