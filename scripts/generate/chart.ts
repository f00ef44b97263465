/**
 * charts/virtive/files: what the chart's templates make objects from. Functions with their filters and rights, events,
 * and what users' roles allow; all of it from the definitions in the code.
 */
import { stringify } from "yaml";
import { catalogue, flowEvents } from "#events/catalogue.ts";
import type { Filter } from "#events/broker-types.ts";
import { defaultConfig } from "#functions/config.ts";
import type { FunctionDefinition } from "#functions/define.ts";
import { functions, watchedKinds } from "#functions/registry.ts";
import { userRoles } from "#local/user-roles.ts";
import { write, type Generated } from "./output.ts";
import { rightsOf, rightsOn, rulesOf, type Right } from "./rights.ts";

const FOLDER = "charts/virtive/files";
const header = (from: string): string => `# Made from ${from} by scripts/generate/chart.ts; do not edit.\n`;

/** One filter a wake, and one for the function's own wish to look again; each of a Trigger's list must pass, so they are one `any`. */
function filtersOf({ name, on }: FunctionDefinition): readonly Filter[] {
  const wakes = on.map(({ filters }) => (filters.length === 1 && filters[0] ? filters[0] : { all: filters }));
  return [{ any: [...wakes, { exact: { type: flowEvents.wake.type, trigger: name } }] }];
}

/** Whoever runs the source and the functions in one process: it watches what the functions read. */
function ofAllTogether(all: readonly FunctionDefinition[]): readonly Right[] {
  const watches = watchedKinds.flatMap((kind) => ["get", "list", "watch"].map((verb) => rightsOn(kind, verb)));
  return [...all.flatMap(rightsOf), ...watches];
}

export function chart(): readonly Generated[] {
  const all = functions(defaultConfig);
  const functionsFile = {
    functions: all.map((definition) => ({
      name: definition.name,
      purpose: definition.purpose,
      oneAtATime: definition.oneAtATime !== undefined,
      filters: filtersOf(definition),
      rules: rulesOf(rightsOf(definition)),
    })),
    together: rulesOf(ofAllTogether(all)),
    source: rulesOf(watchedKinds.flatMap((kind) => ["get", "list", "watch"].map((verb) => rightsOn(kind, verb)))),
  };
  const eventsFile = {
    events: catalogue.map(({ type, description, extensions }) => ({ type, description, extensions })),
  };
  const rolesFile = {
    roles: userRoles.map(({ metadata, rules }) => ({
      name: metadata.name,
      labels: metadata.labels ?? {},
      rules,
    })),
  };
  return [
    file("functions.yaml", "functions/registry.ts", functionsFile),
    file("events.yaml", "events/catalogue.ts", eventsFile),
    file("user-roles.yaml", "local/user-roles.ts", rolesFile),
  ];
}

function file(name: string, from: string, content: object): Generated {
  const text = stringify(content, { aliasDuplicateObjects: false, lineWidth: 120 });
  return { path: `${FOLDER}/${name}`, content: header(from) + text };
}

if (import.meta.main) await write(chart());
