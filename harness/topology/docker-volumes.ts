// The engine's volumes: a run's own, or kept by a process that rehearses one drill after the other.

import type { ContainerRuntimeClient } from "testcontainers";
import { newSecret } from "../base/random.ts";
import { ownIdentity, run, stillRuns } from "../base/process.ts";
import { RUN_LABEL, type Leftover } from "./leftovers.ts";

type Dockerode = ContainerRuntimeClient["container"]["dockerode"];
type Kept = { readonly engine: Dockerode; readonly image: string; readonly name: string };

/** A kept volume is nobody's run's: it says which process it belongs to. */
const HARNESS_LABEL = "turnback.harness";
/** Each is as large as its data and a run's WAL. */
const KEPT_AT_MOST = 8;

let kept: Kept[] | undefined;

/** From now on this process keeps volumes for its next runs, which set back what differs (see the images' entrypoint); in the end they go. */
export function keepVolumes(): AsyncDisposable {
  kept = [];
  return {
    [Symbol.asyncDispose]: async () => {
      const all = kept ?? [];
      kept = undefined;
      for (const { engine, name } of all) await engine.getVolume(name).remove();
    },
  };
}

/**
 * A volume for the data of an image, as an earlier run of this process left it if there is one.
 * @returns also what gives it back when its containers are gone, and removes it where it isn't kept
 */
export async function takeVolume(engine: Dockerode, image: string, own: { readonly name: string; readonly run: string }): Promise<{ readonly name: string; readonly giveBack: () => Promise<void> }> {
  const at = kept?.findIndex((volume) => volume.image === image) ?? -1;
  const [found] = at < 0 ? [] : kept?.splice(at, 1) ?? [];
  const name = found?.name ?? (kept ? `turnback-kept-${newSecret()}` : own.name);
  const { pid, startTicks } = ownIdentity();
  if (!found) await engine.createVolume({ Name: name, Labels: kept ? { [HARNESS_LABEL]: `${pid}-${startTicks}` } : { [RUN_LABEL]: own.run } });
  return {
    name,
    giveBack: async () => {
      const users = await engine.listContainers({ all: true, filters: { volume: [name] } });
      if (!kept || users.length > 0) return engine.getVolume(name).remove(); // the engine refuses what somebody uses
      kept.push({ engine, image, name });
      for (const { name: oldest } of kept.splice(0, kept.length - KEPT_AT_MOST)) await engine.getVolume(oldest).remove();
    },
  };
}

/** Kept volumes of processes that are gone: only a killed one leaves any. None where no engine answers. */
export async function abandonedVolumes(): Promise<Leftover[]> {
  const listed = await run("docker", ["volume", "ls", "--filter", `label=${HARNESS_LABEL}`, "--format", `{{.Name}} {{.Label "${HARNESS_LABEL}"}}`]).catch(() => undefined);
  return (listed?.stdout ?? "").split("\n").flatMap((line) => {
    const [, name = "", pid, startTicks] = /^(\S+) (\d+)-(\d+)$/.exec(line) ?? [];
    if (name === "" || stillRuns({ pid: Number(pid), startTicks: Number(startTicks) })) return [];
    // Somebody else who cleans up may have been faster.
    return [{ run: "a killed suite or sweep", harness: Number(pid), what: [`volume ${name}`], remove: async () => { await run("docker", ["volume", "rm", "--force", name]); } }];
  });
}
