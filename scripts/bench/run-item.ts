/** The process of one item: told what to run by its arguments, tells lines and figures to the process that started it. */
import { figureOf, type Figure } from "./figure.ts";
import { items } from "./registry.ts";

export interface ItemRequest {
  readonly item: string;
  readonly quick: boolean;
  readonly rounds?: number;
}

export type ItemMessage =
  { readonly line: string } | { readonly figures: readonly Figure[] } | { readonly failed: string };

const request = JSON.parse(process.argv[2] ?? "") as ItemRequest;
const item = items.find(({ name }) => name === request.item);
const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => ending.abort(new Error(`ended by ${name}`)));
}

function tell(message: ItemMessage): Promise<void> {
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

// Our clocks keep no process alive, and an item may wait for nothing else.
setInterval(() => undefined, 60_000);
try {
  if (item === undefined) throw new Error(`there is no item "${request.item}"`);
  const figures = await item.run({
    quick: request.quick,
    rounds: request.rounds,
    say: (line) => void tell({ line }),
    signal: ending.signal,
  });
  await tell({ figures: figures.map(figureOf) });
} catch (thrown) {
  await tell({ failed: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
}
// Whatever an item left open must not hold up the others.
process.exit();
