// A started PostgreSQL with the system's data in it, in either runtime.

import type { Drill } from "../drill/schema.ts";
import { dataDirectoryFor, postgresLaunch, setPasswords, POSTGRES_IMAGE, TEMPLATE_PASSWORD, type LoadedSystem, type Role } from "./postgres.ts";
import { DockerRuntime } from "./docker-runtime.ts";
import { seededImage } from "./docker-images.ts";
import type { Runtime, Service } from "./runtime.ts";

/** `dataKey` names the data, byte for byte: the same key, the same rows and the same schema. */
export type Prepared = {
  readonly service: Service;
  readonly dataKey: string;
  /** Replaces the passwords inside the prepared data by ones that exist in this run alone. */
  readonly setPasswords: (passwords: Readonly<Record<Role, string>>) => Promise<void>;
};

export async function postgresFor(options: {
  readonly runtime: Runtime;
  readonly system: LoadedSystem;
  readonly scale: number;
  readonly postgres: Drill["system"]["postgres"];
  readonly archive: boolean;
  readonly say: (what: string) => void;
}): Promise<Prepared> {
  const { runtime, system, scale, postgres, archive, say } = options;
  let password = TEMPLATE_PASSWORD;
  const prepared = (service: Service, dataKey: string): Prepared => ({
    service, dataKey,
    setPasswords: async (passwords) => {
      await setPasswords(service.address("sql"), passwords);
      password = passwords.turnback;
    },
  });
  const launchOn = (dataDirectory: string, image: string) =>
    postgresLaunch({ dataDirectory, image, archive, password: () => password, port: postgres.port, settings: postgres.settings, readyWithinMs: postgres.readyWithinMs });
  // Data in the making may be lost with the machine: it is only kept once it is whole.
  const templateOn = (dataDirectory: string) => ({
    ...postgresLaunch({ dataDirectory, image: POSTGRES_IMAGE, port: 0, settings: { fsync: "off" }, readyWithinMs: postgres.readyWithinMs, password: () => TEMPLATE_PASSWORD }),
    name: "postgres-template",
  });
  if (runtime instanceof DockerRuntime) {
    const image = await seededImage({ runtime, system, scale, say, launch: templateOn("") });
    return prepared(await runtime.start(launchOn("", image)), image);
  }
  const { dataDirectory, dataKey } = await dataDirectoryFor({
    system, scale, say, workDirectory: runtime.workDirectory,
    withServer: async (directory, work) => {
      const service = await runtime.start(templateOn(directory));
      try {
        await work(service);
      } finally {
        await service.stop();
      }
    },
  });
  return prepared(await runtime.start(launchOn(dataDirectory, POSTGRES_IMAGE)), dataKey);
}
