/** The local shape's pod network as a model: which pod has which address, and to which of them it leads. */
import { printAddress } from "#node-runtime/network/addresses.ts";

const BASE = 0x0a01_0000;

export class SimulatedPods {
  /** podUID → its address' number. */
  readonly #addresses = new Map<string, number>();
  /** By number: the pod that is reached there. */
  readonly #holders = new Map<number, string>();
  #last = 1;

  /** Answers the pod's address. */
  ensure(podUID: string, heirOf?: string): string {
    let address = this.#addresses.get(podUID);
    if (address === undefined) {
      address = heirOf === undefined ? undefined : this.#addresses.get(heirOf);
      if (address === undefined) this.#holders.set((address = this.#last += 1), podUID);
      this.#addresses.set(podUID, address);
    }
    return printAddress(BASE + address);
  }

  hold(podUID: string): void {
    const address = this.#addresses.get(podUID);
    if (address !== undefined) this.#holders.set(address, podUID);
  }

  /** The real one gives an address that nobody holds to the last pod that has it: here a driver that forgets it is found. */
  end(podUID: string): void {
    const address = this.#addresses.get(podUID);
    if (address === undefined) return;
    this.#addresses.delete(podUID);
    if (this.#holders.get(address) === podUID) this.#holders.delete(address);
  }

  /** Whether who asks for the pod's address reaches this very pod. */
  isReached(podUID: string): boolean {
    const address = this.#addresses.get(podUID);
    return address !== undefined && this.#holders.get(address) === podUID;
  }
}
