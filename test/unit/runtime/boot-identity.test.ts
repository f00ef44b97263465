import { describe, expect, it } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { openBootIdentity } from "#node-runtime/boot-identity.ts";
import { MemoryDisk } from "./rig.ts";

interface Domain {
  readonly uuid: string;
  readonly name: string;
}

/** A hypervisor that has these domains; `ours` carry our mark. */
function node(domains: Domain[], ours: readonly string[] = []) {
  const clock = virtualClock();
  const disk = new MemoryDisk();
  const destroyed: string[] = [];
  const begun: { readonly domains: number; readonly file: string | undefined }[] = [];
  let outage: Fault | undefined;
  let lives = 0;
  return {
    clock,
    disk,
    destroyed,
    begun,
    silence: (fault: Fault | undefined) => (outage = fault),
    open: (hostBootID = "host-1") =>
      openBootIdentity({
        directory: "/state",
        hostBootID,
        disk,
        hypervisor: {
          list: async () => {
            if (outage !== undefined) throw outage;
            return domains.map((domain) => ({ ...domain, state: "running" as const, reason: "Booted" }));
          },
          xml: async (uuid) => uuid,
          destroy: async (uuid) => {
            destroyed.push(uuid);
            domains.splice(
              domains.findIndex((domain) => domain.uuid === uuid),
              1,
            );
          },
        },
        domain: { claimOf: (xml) => (ours.includes(xml) ? { uid: xml, epoch: 1 } : undefined) },
        uuid: () => `life-${(lives += 1)}`,
        begins: async () => {
          begun.push({ domains: domains.length, file: disk.files.get("/state/boot.json") });
        },
        clock,
        log: silentLog,
      }),
  };
}

describe("the identity of a node's life", () => {
  it("is kept while the machine has not booted and the files are there, and nothing is ended", async () => {
    const { open, destroyed } = node([{ uuid: "a", name: "a" }], ["b"]);
    expect(await open()).toBe("life-1");
    expect(await open()).toBe("life-1");
    expect(destroyed).toEqual([]);
  });

  it("lets files be tidied once nothing of the life before runs, before it is kept", async () => {
    const { open, begun } = node([{ uuid: "a", name: "a" }], ["a"]);
    await open("host-1");
    await open("host-1");
    expect(begun).toEqual([{ domains: 0, file: undefined }]);
    await open("host-2");
    expect(begun.at(-1)).toEqual({ domains: 0, file: JSON.stringify({ host: "host-1", bootID: "life-1" }) });
    expect(begun).toHaveLength(2);
  });

  it("is another one when the machine has booted", async () => {
    const { open } = node([]);
    expect(await open("host-1")).toBe("life-1");
    expect(await open("host-2")).toBe("life-2");
    expect(await open("host-2")).toBe("life-2");
  });

  it("is another one when the files are lost, once what ran under the one before has ended", async () => {
    const domains = [
      { uuid: "a", name: "a" },
      { uuid: "theirs", name: "theirs" },
      { uuid: "b", name: "b" },
    ];
    const { open, disk, destroyed } = node(domains, ["a", "b"]);
    expect(await open()).toBe("life-1");
    expect(destroyed).toEqual(["a", "b"]);
    domains.push({ uuid: "a", name: "a" });
    expect(await open()).toBe("life-1");
    await disk.remove("/state");
    expect(await open()).toBe("life-2");
    expect(destroyed).toEqual(["a", "b", "a"]);
    expect(domains).toEqual([{ uuid: "theirs", name: "theirs" }]);
  });

  it("is not told while the hypervisor can't say what runs", async () => {
    const { open, silence, clock, disk } = node([]);
    silence(new Fault("later", "HypervisorSilent", "it does not answer"));
    let told: string | undefined;
    const opening = open().then((id) => (told = id));
    await clock.advance(10_000);
    expect(told).toBeUndefined();
    expect(await disk.read("/state/boot.json")).toBeUndefined();
    silence(undefined);
    await clock.advance(1_000);
    await opening;
    expect(told).toBe("life-1");
  });
});
