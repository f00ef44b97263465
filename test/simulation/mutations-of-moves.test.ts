import { areCaught } from "./catching.ts";

areCaught("histories with moves, drains or disks", (kind) => kind !== undefined);
