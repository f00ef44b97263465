import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { refusedOrUnsupported } from "#api/support.ts";
import { validateVirtualMachine } from "#api/validate/virtual-machine.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import { orderFor, partsFor } from "./machine.ts";
import { all, first, readXml } from "./read-xml.ts";

const file = join(import.meta.dirname, "../../../scripts/guest/demo-vm.yaml");
const config = clusterConfig(undefined);
const given = { now: new Date(0), uuid: () => "5d307ca9-b3ef-428c-8861-06e72d69f223" };

describe("the demo VM", () => {
  const vm = defaultVirtualMachine(parse(readFileSync(file, "utf8")) as VirtualMachine, config, given);
  const { spec } = defaultVirtualMachineInstance(
    {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: { name: "demo", namespace: "default" },
      spec: vm.spec.template.spec,
    },
    config,
    given,
  );

  it("is valid, and every field of it has its effect", () => {
    expect(validateVirtualMachine(vm, config)).toEqual([]);
    expect(refusedOrUnsupported({ spec })).toEqual([]);
  });

  it("becomes a domain with what the API fills in", () => {
    const root = readXml(domainXml(orderFor(spec), partsFor(spec, { boot: { kernel: "/k", commandLine: "quiet" } })));
    expect(first(root, "memory")?.text).toBe(String(128 * 1024 * 1024));
    expect(first(root, "uuid")?.text).toBe(given.uuid());
    expect(first(root, "os/type")?.attributes["machine"]).toBe("q35");
    expect(all(root, "devices/disk").map((disk) => first(disk, "target")?.attributes["dev"])).toEqual(["vda", "vdb"]);
    expect(first(root, "devices/graphics")).toBeUndefined();
  });
});
