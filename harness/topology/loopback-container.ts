// A container whose ports this machine alone can reach: Docker publishes them on every address unless told otherwise, past most firewalls.

import type { GenericContainer } from "testcontainers";

export const LOOPBACK = "127.0.0.1";

type Bindings = Readonly<Record<string, readonly { readonly HostPort: string }[]>>;

/** testcontainers has no option for it; it hands over what it is going to ask of the engine. */
export async function loopbackContainer(image: string): Promise<GenericContainer> {
  const { GenericContainer } = await import("testcontainers");
  const OnLoopback = class extends GenericContainer {
    override beforeContainerCreated(): Promise<void> {
      const bindings = Object.entries((this.hostConfig.PortBindings ?? {}) as Bindings);
      this.hostConfig.PortBindings = Object.fromEntries(bindings.map(([port, to]) => [port, to.map((one) => ({ ...one, HostIp: LOOPBACK }))]));
      return Promise.resolve();
    }
  };
  return new OnLoopback(image);
}
