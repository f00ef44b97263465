/**
 * charts/virtive/files/crds: a file a CustomResourceDefinition. They are data of a template rather than in the chart's
 * crds/, since Helm never upgrades nor removes what is there.
 */
import { stringify } from "yaml";
import { customResourceDefinitions } from "#api/crd.ts";
import { write, type Generated } from "./output.ts";

const HEADER = "# Made from the schemas in api/ by scripts/generate/crds.ts; do not edit.\n";

export function crds(): readonly Generated[] {
  return customResourceDefinitions().map((definition) => ({
    path: `charts/virtive/files/crds/${definition.spec.names.plural}.yaml`,
    // Both versions share one schema object; an alias of YAML would be refused by some readers.
    content: HEADER + stringify(definition, { aliasDuplicateObjects: false, lineWidth: 120 }),
  }));
}

if (import.meta.main) await write(crds());
