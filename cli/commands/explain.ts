/** `virtive explain VM`: why it is in its state, for people or as JSON. */
import type { Explanation } from "#functions/gateway/explain.ts";
import type { Client } from "../client.ts";

export async function explain(
  client: Client,
  namespace: string,
  name: string,
  output: "text" | "json",
): Promise<string> {
  const path = `/apis/subresources.virtive.dev/v1/namespaces/${namespace}/virtualmachines/${name}/explain`;
  const explanation = await client.send<Explanation>("GET", path);
  return output === "json" ? JSON.stringify(explanation, null, 2) : textOf(explanation).join("\n");
}

function textOf(explanation: Explanation): string[] {
  const { virtualMachine: vm, instance, machine, waitsFor, moves, decisions, hints } = explanation;
  const conditions = (instance ?? vm)?.conditions ?? [];
  return [
    `${explanation.namespace}/${explanation.name}: ${explanation.status}`,
    ...(vm === undefined ? [] : [`  run strategy  ${vm.runStrategy}`]),
    ...(vm?.retryAfter === undefined ? [] : [`  starts again  at ${vm.retryAfter}`]),
    ...(instance === undefined
      ? []
      : [
          `  instance      ${instance.phase} since ${instance.since}${instance.deleting ? ", being deleted" : ""}`,
          ...(instance.node === undefined ? [] : [`  node          ${instance.node}`]),
          ...(instance.address === undefined ? [] : [`  address       ${instance.address}`]),
        ]),
    ...(machine === undefined ? [] : [`  machine       ${machineLine(machine)}`]),
    ...(waitsFor === undefined
      ? []
      : [
          `  waits for     ${waitsFor.what} (${waitsFor.function}${waitsFor.until === undefined ? "" : `, until ${waitsFor.until}`})`,
        ]),
    ...(conditions.length === 0 ? [] : ["conditions:"]),
    ...conditions.map((condition) => {
      const why = [condition.reason, condition.message].filter((part) => part !== undefined && part !== "").join(": ");
      return `  ${condition.type.padEnd(24)} ${condition.status.padEnd(8)} ${why}`.trimEnd();
    }),
    ...(moves.length === 0 ? [] : ["moves, newest first:"]),
    ...moves.map((move) => `  ${move.asked}  ${moveLine(move)}`),
    ...(decisions.length === 0 ? [] : ["decisions, newest first:"]),
    ...decisions.map((decision) => {
      const effects = decision.effects.length === 0 ? "" : `  [${decision.effects.join(", ")}]`;
      return `  ${decision.time}  ${decision.function.padEnd(9)} ${decision.because}${effects}`;
    }),
    ...hints.map((hint) => `hint: ${hint}`),
  ];
}

function moveLine({ why, phase, from, to, seconds, because, migration }: Explanation["moves"][number]): string {
  const way = from === undefined || to === undefined ? "" : ` from ${from} to ${to}`;
  const time = seconds === undefined ? "" : ` after ${seconds} s`;
  return `${phase}${way}${time}: ${why}${because === undefined ? "" : `; ${because}`} (${migration})`;
}

function machineLine(machine: NonNullable<Explanation["machine"]>): string {
  if ("unknown" in machine) return `unknown: ${machine.unknown}`;
  const said = machine.exit ?? machine.problem;
  const more = said === undefined ? "" : `: ${said.reason}: ${said.message}`;
  return `${machine.state} since ${machine.since}, wanted ${machine.desired}, epoch ${machine.claim.epoch}${more}`;
}
