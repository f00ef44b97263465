/** What the guest agent says of the guest's system. Everything in it was written by the guest: bounded, and texts only. */
import { z } from "zod";
import type { Hypervisor } from "../hypervisor.ts";

const AGENT_SECONDS = 5;

const Text = z.string().transform((text) => text.slice(0, 256));
const Answer = z.looseObject({
  return: z.looseObject({
    "id": Text.optional(),
    "name": Text.optional(),
    "pretty-name": Text.optional(),
    "version": Text.optional(),
    "version-id": Text.optional(),
    "kernel-release": Text.optional(),
    "kernel-version": Text.optional(),
    "machine": Text.optional(),
  }),
});

/** KubeVirt's names of guestOSInfo; undefined when the agent does not say. */
export async function guestOSInfo(hypervisor: Hypervisor, uuid: string): Promise<Record<string, string> | undefined> {
  let answer: z.infer<typeof Answer>["return"];
  try {
    const raw = await hypervisor.agent(uuid, { execute: "guest-get-osinfo" }, AGENT_SECONDS);
    answer = Answer.parse(raw).return;
  } catch {
    return undefined; // an agent that is too old or too slow is no trouble of the machine's
  }
  const info = {
    id: answer.id,
    name: answer.name,
    prettyName: answer["pretty-name"],
    version: answer.version,
    versionId: answer["version-id"],
    kernelRelease: answer["kernel-release"],
    kernelVersion: answer["kernel-version"],
    machine: answer.machine,
  };
  return Object.fromEntries(Object.entries(info).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
