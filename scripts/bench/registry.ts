/** The benchmark items, in the order in which they run. A new one is listed here. */
import type { BenchItem } from "./item.ts";
import { apiServer } from "./items/api-server.ts";
import { broker } from "./items/broker.ts";
import { coldStart } from "./items/cold-start.ts";
import { density } from "./items/density.ts";
import { flatness } from "./items/flatness.ts";
import { idle } from "./items/idle.ts";
import { libvirtCalls } from "./items/libvirt-calls.ts";
import { migration, migrationTls } from "./items/migration.ts";
import { realDensity } from "./items/real-density.ts";
import { scale } from "./items/scale.ts";
import { simulator } from "./items/simulator.ts";
import { start } from "./items/start.ts";
import { wake } from "./items/wake.ts";

export const items: readonly BenchItem[] = [
  start,
  migration,
  migrationTls,
  density,
  realDensity,
  scale,
  flatness,
  broker,
  wake,
  idle,
  libvirtCalls,
  coldStart,
  simulator,
  apiServer,
];
