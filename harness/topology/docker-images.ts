// The images of the docker runtime: ours, and those with a system's data already in them.

import { messageOf, HarnessError } from "../base/errors.ts";
import { populate, postgresImageKey, templateKey, type Contents } from "./postgres.ts";
import type { DockerRuntime } from "./docker-runtime.ts";
import type { Launch } from "./runtime.ts";

/**
 * The image with a system's data; the first run makes it by populating a container of the
 * plain image and committing it. Later runs start from it in a second.
 */
export async function seededImage(options: {
  readonly runtime: DockerRuntime;
  readonly contents: Contents;
  readonly say: (what: string) => void;
  readonly launch: Launch;
  /** The superuser's, until the data are prepared. */
  readonly password: string;
}): Promise<string> {
  const { runtime, contents, launch } = options;
  const { system } = contents;
  const repository = `turnback/system-${system.name}`;
  const tag = await templateKey(contents, await postgresImageKey(launch.docker.image));
  const image = `${repository}:${tag}`;
  if (await hasImage(runtime, image)) return image;
  if (!(await hasImage(runtime, launch.docker.image))) {
    throw new HarnessError({
      code: "image-missing", kind: "environment", place: launch.docker.image,
      message: `the image ${launch.docker.image} is not built`, remedy: "npm run setup",
    });
  }
  options.say(`preparing the image of system ${system.name} (once)`);
  const { volume: _none, ...docker } = launch.docker; // a volume is no part of a commit
  const service = await runtime.start({ ...launch, docker: { ...docker, folders: { ...docker.folders, DATA: "/prepared/data" } } });
  await populate(service.address("sql"), contents, options.password);
  // Prepared anew, even from the same declaration, they are other bytes.
  await service.shellInside("cat /proc/sys/kernel/random/uuid >/prepared/.of", {});
  await service.stop();
  const [container] = await runtime.engine.listContainers({ all: true, filters: { label: [`turnback.run=${runtime.runName}`, `turnback.service=${launch.name}`] } });
  if (!container) throw new HarnessError({ code: "container-lost", kind: "run", place: launch.name, message: "the container that was being prepared is gone" });
  const made = (await runtime.engine.getContainer(container.Id).commit({ changes: "CMD []" }) as { readonly Id: string }).Id;
  // Another run may have been faster, and others may have begun from its data: theirs stay what the name means.
  if (await hasImage(runtime, image)) await runtime.engine.getImage(made).remove();
  else await runtime.engine.getImage(made).tag({ repo: repository, tag });
  return image;
}

async function hasImage(runtime: DockerRuntime, image: string): Promise<boolean> {
  try {
    await runtime.engine.getImage(image).inspect();
    return true;
  } catch (error) {
    if (messageOf(error).includes("no such image") || messageOf(error).includes("No such image")) return false;
    throw error;
  }
}
