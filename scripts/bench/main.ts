/** `npm run bench`: measures, prints a table, or with --json the figures alone on standard output. */
import { parseArgs } from "node:util";
import { printSummary } from "./samples.ts";
import { benchStart } from "./start.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "10" } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) {
  console.error(`bench: --rounds ${values.rounds}: a whole number from 1 to 1000 is wanted`);
  process.exit(2);
}
/** What a start may cost; see ARCHITECTURE.md. */
const MOST_ADDED_MILLISECONDS = 50;
const MOST_WRITES = 3;
const start = await benchStart(rounds, (line) => console.error(line));
if (values.json) {
  console.log(JSON.stringify({ start }, null, 2));
} else {
  console.log(printSummary("create→Running, through the API", start.createToRunning));
  console.log(printSummary("virsh create, same domain XML", start.virshCreate));
  console.log(`ratio of medians ${start.ratio.toFixed(2)}; added ${start.addedMilliseconds.toFixed(1)} ms`);
  const { min, max } = start.instanceWritesPerStart;
  const verdict = start.addedMilliseconds <= MOST_ADDED_MILLISECONDS && max <= MOST_WRITES ? "kept" : "NOT kept";
  console.log(`at most ${MOST_ADDED_MILLISECONDS} ms added in the median and ${MOST_WRITES} writes: ${verdict}`);
  console.log(`writes of the VMI after its creation, a start: ${min === max ? min : `${min} to ${max}`}`);
}
