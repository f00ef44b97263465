/** The model hypervisor's machines: how they stand, and how their guests behave. */
import type { Duplex } from "node:stream";
import type { Domain, DomainState } from "./hypervisor.ts";
import type { ModelJob } from "./model-migration.ts";

/** A domain as it really is, told at each change; `state` undefined: it is gone. */
export interface Truth {
  readonly uuid: string;
  readonly name: string;
  readonly xml: string;
  readonly state: DomainState | undefined;
}

export interface GuestBehaviour {
  readonly obeysAcpi: boolean;
  /** From the power button to QEMU's end. */
  readonly shutdownMilliseconds: number;
  /** Its disk fails as soon as its vCPUs run: it is halted again before who resumed it is answered. */
  readonly diskFails: boolean;
  /** How likely its vCPUs hang once it has come from another hypervisor, until they are halted and let run again. */
  readonly hangsOnArrival: number;
  /** How likely its memory changes faster than it can be copied, anew for each move. */
  readonly outrunsCopying: number;
}

export interface Machine {
  readonly uuid: string;
  readonly name: string;
  readonly xml: string;
  state: DomainState;
  reason: string;
  behaviour: GuestBehaviour;
  console: Duplex | undefined;
  agent: boolean;
  readonly migration: { job: ModelJob | undefined };
  /** It counts as running, and does not. */
  hangs: boolean;
}

export const BEHAVIOUR: GuestBehaviour = {
  obeysAcpi: true,
  shutdownMilliseconds: 3_000,
  diskFails: false,
  hangsOnArrival: 0,
  outrunsCopying: 0,
};

export function domainOf(machine: Machine): Domain {
  return { uuid: machine.uuid, name: machine.name, state: machine.state, reason: machine.reason };
}
