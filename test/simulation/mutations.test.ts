import { areCaught } from "./catching.ts";

areCaught("plain histories", (kind) => kind === undefined);
