// Proxies and servers that end by themselves: what is measured from then on is nobody's doing that the drill declares.

import { messageOf } from "../base/errors.ts";
import type { Service } from "../topology/runtime.ts";
import { viewsOf, type Topology } from "../topology/topology.ts";

type Watch = {
  /** The run ends by it. */
  readonly abort: (code: string, place: string, message: string) => void;
  /** Whether a fault that the drill declares has struck by now: it may take a server down by itself. */
  readonly struck: () => boolean;
};

/**
 * Nothing can be measured through a proxy that is gone, nor of a server that somebody else has killed. What the harness itself stops or
 * kills, as faults and ways back do, has not died; a server that has been started again since is not watched.
 * @return what ends the watch
 */
export function watchDeaths(topology: Topology, { abort, struck }: Watch): () => void {
  let watched = true;
  const watch = (service: Service, code: string, isOurs: () => boolean) => {
    const told = (message: string) => { if (watched && !isOurs()) abort(code, service.name, message); };
    service.died().then(told, (error: unknown) => told(`${service.name} can't be watched: ${messageOf(error)}`));
  };
  for (const path of topology.onPaths) watch(path, "proxy-died", () => false);
  for (const { cluster } of viewsOf(topology)) for (const server of [cluster.primary, ...(cluster.replica ? [cluster.replica] : [])]) watch(server, "server-died", struck);
  return () => { watched = false; };
}
