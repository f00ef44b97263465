/**
 * A network for Knative's programs: some of their ports can't be chosen, and they listen on every address. One link leads
 * from it to this machine, and a relay to the API server, which listens on loopback.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { outputOf, run } from "#node-runtime/host/command.ts";
import type { Cluster } from "../../../scripts/kubernetes/record.ts";
import { API_SERVER } from "./objects.ts";

export interface Link {
  /** What a command begins with to run in it. */
  readonly inside: readonly string[];
  /** Of the programs inside. */
  readonly address: string;
  close(): Promise<void>;
}

const HTTPS = 443;

const namesOf = ({ bridge }: Cluster) => ({ name: `${bridge}-knative`, outer: `${bridge}kn`, inner: `${bridge}kni` });

/** Also what a run that was killed has left. */
export async function removeLink(cluster: Cluster): Promise<void> {
  const { name, outer } = namesOf(cluster);
  await run(["ip", "link", "del", outer]);
  await run(["ip", "netns", "del", name]);
  await rm(filesOf(name), { recursive: true, force: true });
}

/** What `ip netns exec` lays over /etc. */
const filesOf = (name: string): string => join("/etc/netns", name);

/** @param apiServer address where a relay to the API server listens */
export async function openLink(cluster: Cluster, apiServer: string): Promise<Link> {
  const { name, outer, inner } = namesOf(cluster);
  const [here, there] = [`10.251.${cluster.number}.1`, `10.251.${cluster.number}.2`];
  await removeLink(cluster);
  await mkdir(filesOf(name), { recursive: true });
  // The name leads to the relay.
  await writeFile(join(filesOf(name), "hosts"), `127.0.0.1 localhost\n${apiServer} ${API_SERVER}\n`);
  await outputOf(["ip", "netns", "add", name]);
  const inside = ["ip", "netns", "exec", name];
  for (const command of [
    ["ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name],
    ["ip", "address", "add", `${here}/30`, "dev", outer],
    ["ip", "link", "set", outer, "up"],
    [...inside, "ip", "link", "set", "lo", "up"],
    [...inside, "ip", "address", "add", `${there}/30`, "dev", inner],
    [...inside, "ip", "link", "set", inner, "up"],
    [...inside, "ip", "route", "add", "default", "via", here],
  ]) {
    await outputOf(command);
  }
  return {
    inside,
    address: there,
    close: () => removeLink(cluster),
  };
}

export interface Relay {
  close(): Promise<void>;
}

/** Passes on what comes to the address by HTTPS to a port of this machine's loopback. */
export async function openRelay(address: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((from) => {
    const to = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(HTTPS, address, resolve));
  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
