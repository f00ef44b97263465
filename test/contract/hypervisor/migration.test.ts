import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { ModelWires } from "#node-runtime/model-migration.ts";
import { openLibvirtBench, whyNoLibvirt } from "./libvirt-bench.ts";
import { migrationSuite } from "./migration-suite.ts";
import { modelBench } from "./model-bench.ts";
import type { Bench } from "./suite.ts";

migrationSuite({
  name: "libvirt",
  skip: whyNoLibvirt(),
  async open() {
    const [source, target] = await Promise.all([
      openLibvirtBench({ name: "source" }),
      openLibvirtBench({ name: "target" }),
    ]);
    const wire = (directory: string) => ({ memory: join(directory, "m"), disks: join(directory, "d") });
    const ends = { source: wire(source.stateDirectory), target: wire(target.stateDirectory) };
    const server = await lead(ends.source.memory, ends.target.memory);
    return {
      source,
      target,
      ends,
      incomingXml: (xml) => xml.replaceAll(source.guestPath, target.guestPath),
      async close() {
        server.close();
        await Promise.all([source.close(), target.close()]);
      },
    };
  },
});

migrationSuite({
  name: "the model",
  async open() {
    const wires: ModelWires = new Map();
    const bench = (seed: number): Bench => {
      const random = seededRandom(seed);
      const copying = { least: 20, most: 40 };
      const hypervisor = new ModelHypervisor({ clock: systemClock, random, wires, copying });
      return modelBench(hypervisor);
    };
    const wire = { memory: "target/memory", disks: "target/disks" };
    const [source, target] = [bench(1), bench(2)];
    return {
      source,
      target,
      ends: { source: wire, target: wire },
      incomingXml: (xml) => xml,
      close: async () => void (await Promise.all([source.close(), target.close()])),
    };
  },
});

async function lead(from: string, to: string): Promise<Server> {
  const server = createServer((one) => {
    const other = connect(to);
    one.pipe(other).pipe(one);
    one.on("error", () => other.destroy());
    other.on("error", () => one.destroy());
  });
  await new Promise<void>((resolve) => server.listen(from, resolve));
  return server;
}
