/** The functions, all of them. A new one is listed here; triggers, tests and tables follow from the list. */
import type { Kind } from "#api/object.ts";
import { Node, Pod } from "#api/core.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { attend } from "./attend.ts";
import { boot } from "./boot.ts";
import type { FunctionsConfig } from "./config.ts";
import type { FunctionDefinition } from "./define.ts";
import { evacuate } from "./evacuate.ts";
import { migrate } from "./migrate/migrate.ts";
import { move } from "./migrate/move.ts";
import { prune } from "./migrate/prune.ts";
import { observe } from "./observe/observe.ts";
import { power } from "./power.ts";
import { provision } from "./provision.ts";
import { release } from "./release.ts";
import { resync } from "./resync.ts";
import { run } from "./run/run.ts";
import { schedule } from "./schedule/schedule.ts";
import { stop } from "./stop.ts";
import { tally } from "./tally.ts";

export function functions(config: FunctionsConfig): readonly FunctionDefinition[] {
  return [
    provision,
    run,
    schedule(config),
    boot,
    power,
    migrate(config),
    move,
    prune,
    evacuate,
    tally,
    observe,
    stop,
    release,
    attend(config),
    resync,
  ];
}

/** The kinds that the functions read all the time: what the source watches. */
export const watchedKinds: readonly Kind[] = [
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  Pod,
  Node,
];
