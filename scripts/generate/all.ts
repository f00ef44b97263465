/** Runs every generator. A new one joins by its line in the list; a test fails while what is on disk is stale. */
import { chart } from "./chart.ts";
import { crds } from "./crds.ts";
import { embeddedApi } from "./embedded-api.ts";
import { events } from "./events.ts";
import { fields } from "./fields.ts";
import { libvirt } from "./libvirt.ts";
import { write, type Generated } from "./output.ts";

export const generators: Readonly<Record<string, () => readonly Generated[]>> = {
  chart,
  crds,
  embeddedApi,
  events,
  fields,
  libvirt,
};

if (import.meta.main) {
  for (const generate of Object.values(generators)) await write(generate());
}
