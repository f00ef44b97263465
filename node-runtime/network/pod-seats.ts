/**
 * Which pod has which number and which address, on disk before it is told. A pod's number names its namespace and link; its
 * address is the same number, unless it is the heir of another pod's: the target of a move has its source's.
 */
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import type { Disk } from "../disk.ts";

export interface Seat {
  readonly slot: number;
  /** Host part of its address in the subnet. */
  readonly address: number;
  /** Another pod has the address now: this one's link is off the bridge. */
  readonly waits: boolean;
}

const HostNumber = z.int().min(2);
const State = z.strictObject({
  subnet: z.string(),
  /** podUID → its seat; a number where it is slot and address, and the pod has it for itself. */
  pods: z.record(
    z.string(),
    z.union([HostNumber, z.strictObject({ slot: HostNumber, address: HostNumber, waits: z.boolean() })]),
  ),
});
type State = z.infer<typeof State>;

/** 1 is the bridge. */
const FIRST = 2;

export class PodSeats {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #seats = new Map<string, Seat>();
  /** One change of the file at a time. */
  #writing: Promise<void> = Promise.resolve();
  /** The pods' subnet, as it was kept; undefined when there is none yet. */
  subnet: string | undefined;

  constructor(path: string, disk: Disk) {
    this.#path = path;
    this.#disk = disk;
  }

  /** @throws Fault refused StateUnreadable */
  async read(): Promise<void> {
    const text = await this.#disk.read(this.#path);
    if (text === undefined) return;
    try {
      const { subnet, pods } = State.parse(JSON.parse(text));
      this.subnet = subnet;
      for (const [podUID, seat] of Object.entries(pods)) {
        this.#seats.set(podUID, typeof seat === "number" ? ownSeat(seat) : seat);
      }
    } catch (thrown) {
      const message = `${this.#path} is not what the pod network wrote there`;
      throw new Fault("refused", "StateUnreadable", message, { cause: thrown });
    }
  }

  get size(): number {
    return this.#seats.size;
  }

  /** podUIDs. */
  get pods(): readonly string[] {
    return [...this.#seats.keys()];
  }

  get(podUID: string): Seat | undefined {
    return this.#seats.get(podUID);
  }

  set(podUID: string, seat: Seat): void {
    this.#seats.set(podUID, seat);
  }

  delete(podUID: string): void {
    this.#seats.delete(podUID);
  }

  /** All pods with this address, and their seats. */
  at(address: number): readonly (readonly [podUID: string, seat: Seat])[] {
    return [...this.#seats].filter(([, seat]) => seat.address === address);
  }

  has(slot: number): boolean {
    return [...this.#seats.values()].some((seat) => seat.slot === slot);
  }

  /** The lowest number that is nobody's slot or address, nor among `busy`. */
  free(busy: ReadonlySet<number>): number {
    const taken = new Set([...this.#seats.values()].flatMap(({ slot, address }) => [slot, address]));
    let number = FIRST;
    while (taken.has(number) || busy.has(number)) number += 1;
    return number;
  }

  save(): Promise<void> {
    const write = (): Promise<void> =>
      // No namespace outlives the node's boot.
      this.#disk.replace(this.#path, JSON.stringify(this.#state()), { lasting: false });
    const mine = this.#writing.then(write, write);
    this.#writing = mine.catch(() => {}); // the one who asked for it is told
    return mine;
  }

  /** Nothing is being written any more. */
  written(): Promise<void> {
    return this.#writing;
  }

  #state(): State {
    const pods = [...this.#seats].map(([podUID, seat]) => [podUID, isOwn(seat) ? seat.slot : seat] as const);
    return { subnet: this.subnet ?? "", pods: Object.fromEntries(pods) };
  }
}

/** Of a pod whose address is nobody else's. */
export function ownSeat(slot: number): Seat {
  return { slot, address: slot, waits: false };
}

function isOwn({ slot, address, waits }: Seat): boolean {
  return slot === address && !waits;
}
