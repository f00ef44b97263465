/**
 * The hypervisor as a driver sees it. `node-runtime/libvirt/hypervisor.ts` implements it over libvirt,
 * `node-runtime/model-hypervisor.ts` in memory for simulation; test/contract/hypervisor holds both to the same tests.
 * Domains are transient and named by the UUID that the caller put in the XML.
 */
import type { Duplex } from "node:stream";

export type DomainState = "running" | "paused" | "shutdown" | "shutoff" | "crashed";

export interface Domain {
  readonly uuid: string;
  readonly name: string;
  readonly state: DomainState;
  /** Why it is paused or off, as a CamelCase word: User, IOError, Migration, StartingUp, Panicked, Unknown, … */
  readonly reason: string;
}

/** What the hypervisor tells without being asked. `stopped` is final: the process is gone and so is the domain. */
export type DomainEvent =
  /** `panicked`: the guest's kernel said so (pvpanic); `stopped how: crashed` follows. */
  | { readonly uuid: string; readonly event: "started" | "resumed" | "rebooted" | "shutting-down" | "panicked" }
  | { readonly uuid: string; readonly event: "suspended"; readonly reason: string }
  | {
      readonly uuid: string;
      readonly event: "stopped";
      readonly how: "shutdown" | "destroyed" | "crashed" | "migrated" | "saved" | "failed";
    }
  | { readonly uuid: string; readonly event: "agent-connected" | "agent-disconnected" };

export interface Hypervisor {
  /** Resolves once it answers; rejects with Fault later when it does not within its deadline. */
  ready(): Promise<void>;
  /** True while connected. Changes are told to `onConnection`; events that came in between are lost: list again. */
  readonly connected: boolean;
  onConnection(listener: (connected: boolean) => void): () => void;
  onEvent(listener: (event: DomainEvent) => void): () => void;
  list(): Promise<readonly Domain[]>;
  /** Undefined when there is no such domain. */
  domain(uuid: string): Promise<Domain | undefined>;
  /**
   * Creates the transient domain with its vCPUs halted.
   * @throws Fault stale when a domain with this UUID or name exists; refused when the XML or a file it names is wrong;
   *   later when the hypervisor does not answer or has no room
   */
  createPaused(xml: string): Promise<void>;
  resume(uuid: string): Promise<void>;
  suspend(uuid: string): Promise<void>;
  /** Asks the guest by ACPI (or its agent) to shut down. */
  shutdown(uuid: string): Promise<void>;
  /** Asks the guest to reboot. */
  reboot(uuid: string): Promise<void>;
  /** Hard reset. */
  reset(uuid: string): Promise<void>;
  /** Ends it now. No such domain: nothing to do. Resolves when its process is gone. */
  destroy(uuid: string): Promise<void>;
  /** The serial console; a new one takes it from the old one. Ends when the domain does. */
  console(uuid: string): Promise<Duplex>;
  /** Domain XML as the hypervisor has it. */
  xml(uuid: string): Promise<string>;
  /** QEMU guest agent, JSON in and out. @throws Fault later when the agent does not answer in time */
  agent(uuid: string, command: object, timeoutSeconds: number): Promise<unknown>;
  close(): Promise<void>;
}
