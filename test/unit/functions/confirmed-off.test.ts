/** An operator's word that a node is off: whom it convinces, of which boot, and who takes it back. */
import { describe, expect, it } from "vitest";
import type { Node } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import { attend } from "#functions/attend.ts";
import { defaultConfig } from "#functions/config.ts";
import { bootIDOf, endOfBoot } from "#functions/machine-facts.ts";
import { ApiError } from "../../../cli/client.ts";
import { confirmOff } from "../../../cli/commands/confirm-off.ts";
import { heartbeat, node } from "./objects.ts";

function swornOff(bootID: string) {
  const known = node("node1");
  const annotations = {
    ...known.metadata.annotations,
    [annotation.bootID]: "boot-1",
    [annotation.confirmedOff]: bootID,
  };
  return { ...known, metadata: { ...known.metadata, annotations } };
}

describe("a node that an operator has confirmed off", () => {
  it("has no present boot, and that boot of it is over", () => {
    expect(bootIDOf(swornOff("boot-1"))).toBeUndefined();
    expect(endOfBoot(swornOff("boot-1"), "boot-1")).toMatchObject({ reason: "NodeConfirmedOff" });
  });

  it("is believed of the very boot that was meant", () => {
    expect(bootIDOf(swornOff("boot-0"))).toBe("boot-1");
    expect(endOfBoot(swornOff("boot-0"), "boot-1")).toBeUndefined();
    expect(endOfBoot(swornOff("boot-0"), "boot-0")).toMatchObject({ reason: "NodeRebooted" });
  });

  it("is not off once it is heard in that boot and says so when asked: the word is taken back", () => {
    const now = new Date("2026-01-01T00:00:10Z");
    const said = heartbeat("node1", { bootID: "boot-1" });
    const decide = (present: { known: "yes"; bootID: string } | { known: "no"; reason: string }) =>
      attend(defaultConfig).decide(
        { name: "node1", node: swornOff("boot-1"), heartbeat: { said, at: now, present } },
        now,
      );
    // A heartbeat of before may have been held up on its way.
    expect(decide({ known: "no", reason: "it does not answer" }).effects).toEqual([]);
    const { effects } = decide({ known: "yes", bootID: "boot-1" });
    const patched = effects.find((effect) => effect.do === "patch" && effect.part === "object");
    expect(patched).toMatchObject({ after: { metadata: { annotations: { [annotation.bootID]: "boot-1" } } } });
    expect(JSON.stringify(patched?.do === "patch" ? patched.after : {})).not.toContain(annotation.confirmedOff);
  });
});

describe("virtive confirm-off", () => {
  const asked: object[] = [];
  const client = (ready: "True" | "False" | "Unknown") => ({
    async send<T>(method: string, _path: string, body?: unknown): Promise<T> {
      if (method === "PATCH") asked.push(body as object);
      const known = node("node1");
      const annotations = { ...known.metadata.annotations, [annotation.bootID]: "boot-1" };
      const status = { conditions: [{ type: "RuntimeReady", status: ready }] };
      return { ...known, metadata: { ...known.metadata, annotations }, status } as T;
    },
  });

  it("wants to be told that it is sure, and never of a node that is heard", async () => {
    await expect(confirmOff(client("True"), "node1", true)).rejects.toMatchObject({ reason: "NodeHeard" });
    // Its hypervisor does not answer, but its power is on.
    await expect(confirmOff(client("False"), "node1", true)).rejects.toMatchObject({ reason: "NodeHeard" });
    await expect(confirmOff(client("Unknown"), "node1", false)).rejects.toMatchObject({ reason: "NotConfirmed" });
    expect(asked).toEqual([]);
    expect(await confirmOff(client("Unknown"), "node1", true)).toEqual({ bootID: "boot-1", made: false });
    expect(asked).toEqual([{ metadata: { annotations: { [annotation.confirmedOff]: "boot-1" } } }]);
  });

  const withoutNode = (instances: readonly object[], made: Node[]) => ({
    async send<T>(method: string, path: string, body?: unknown): Promise<T> {
      if (method === "POST") made.push(body as Node);
      if (path.endsWith("virtualmachineinstances")) return { items: instances } as T;
      if (method === "GET") throw new ApiError(404, "NotFound", "not found");
      return body as T;
    },
  });
  const claimed = (nodeName: string, bootID: string, phase = "Unknown") => ({
    status: { phase, claim: { node: nodeName, bootID, epoch: 1 } },
  });

  it("gives the word a Node to stand on where that was deleted under its instances", async () => {
    const made: Node[] = [];
    const there = [claimed("node2", "boot-9"), claimed("node1", "boot-0", "Failed"), claimed("node1", "boot-1")];
    const client = withoutNode(there, made);
    await expect(confirmOff(client, "node1", false)).rejects.toMatchObject({ reason: "NotConfirmed" });
    expect(made).toEqual([]);
    expect(await confirmOff(client, "node1", true)).toEqual({ bootID: "boot-1", made: true });
    const [carrier] = made;
    expect(carrier?.spec).toEqual({ unschedulable: true });
    expect(bootIDOf(carrier)).toBeUndefined();
    for (const boot of ["boot-1", "boot-0"]) expect(endOfBoot(carrier, boot)).toBeDefined();
  });

  it("makes none where nobody waits for the word", async () => {
    const made: Node[] = [];
    await expect(confirmOff(withoutNode([claimed("node2", "boot-9")], made), "node1", true)).rejects.toMatchObject({
      reason: "NodeNotFound",
    });
    expect(made).toEqual([]);
  });
});
