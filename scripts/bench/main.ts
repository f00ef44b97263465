/**
 * `npm run bench`: measures side by side, one item after the other, each in a process of its own, and prints what came
 * of it; with --json the report alone goes to standard output. README.md beside this file says how to read and add.
 */
import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Figure } from "./figure.ts";
import type { BenchItem } from "./item.ts";
import { commit, load, machineFacts } from "./machine.ts";
import { items } from "./registry.ts";
import { FORMAT, printItem, type ItemReport, type Report } from "./report.ts";
import type { ItemMessage, ItemRequest } from "./run-item.ts";

const USAGE = `usage: npm run bench -- [ITEM…] [--quick] [--rounds N] [--json]

Without items: the quick ones, with less of everything. Items:
${items.map(({ name, about, quick }) => `  ${name.padEnd(18)}${quick ? "quick " : "      "}${about}`).join("\n")}`;

/** Time for an item to clean up after it was told to end. */
const ENDING_MILLISECONDS = 30_000;

function wanted(): { readonly chosen: readonly BenchItem[]; readonly json: boolean; readonly request: ItemRequest } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const unknown = positionals.find((name) => !items.some((item) => item.name === name));
  if (unknown !== undefined) refuse(`there is no item "${unknown}"`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)) {
    refuse(`--rounds ${values.rounds}: a whole number from 1 to 1000 is wanted`);
  }
  const named = positionals.length > 0;
  return {
    chosen: items.filter(({ name, quick }) => (named ? positionals.includes(name) : quick)),
    json: values.json,
    request: { item: "", quick: values.quick || !named, ...(rounds === undefined ? {} : { rounds }) },
  };
}

function refuse(why: string): never {
  console.error(`bench: ${why}\n\n${USAGE}`);
  process.exit(2);
}

function cannotRun(item: BenchItem): string | undefined {
  if (item.needsNode !== true) return undefined;
  if (process.getuid?.() !== 0) return "it needs root";
  return existsSync("/usr/sbin/libvirtd") ? undefined : "it needs libvirt (scripts/debian-packages)";
}

async function runItem(item: BenchItem, request: ItemRequest): Promise<ItemReport> {
  const before = load();
  const begun = performance.now();
  const notRun = cannotRun(item);
  const came = notRun === undefined ? await inChild(item, request) : { figures: [] };
  return {
    about: item.about,
    quick: request.quick,
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    load: { before, after: load() },
    ...came,
    ...(notRun === undefined ? {} : { notRun }),
  };
}

function inChild(
  item: BenchItem,
  request: ItemRequest,
): Promise<{ readonly figures: readonly Figure[]; readonly failed?: string }> {
  return new Promise((resolve) => {
    const child = fork(join(import.meta.dirname, "run-item.ts"), [JSON.stringify({ ...request, item: item.name })], {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
      // Its standard output is not the report.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    let came: { readonly figures: readonly Figure[]; readonly failed?: string } | undefined;
    const stuck = setTimeout(() => {
      came ??= { figures: [], failed: `not done after ${item.mostSeconds} s` };
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), ENDING_MILLISECONDS).unref();
    }, item.mostSeconds * 1000);
    child.on("message", (message: ItemMessage) => {
      if ("line" in message) console.error(`  ${item.name}: ${message.line}`);
      else if ("figures" in message) came ??= message;
      else came ??= { figures: [], failed: message.failed };
    });
    child.on("exit", (code, signal) => {
      clearTimeout(stuck);
      resolve(came ?? { figures: [], failed: `its process ended with ${signal ?? code} before it had figures` });
    });
  });
}

const { chosen, json, request } = wanted();
// The items hear it too and clean up; the report then says so.
let interrupted = false;
process.on("SIGINT", () => (interrupted = true));
const reports: Record<string, ItemReport> = {};
const facts = machineFacts();
if (!json) {
  const { cpus, cpuModel, memoryMiB, kernel, node } = facts;
  console.log(`${cpus} CPUs (${cpuModel}), ${memoryMiB} MiB, Linux ${kernel}, Node ${node}`);
}
for (const item of chosen) {
  if (interrupted) break;
  const report = await runItem(item, request);
  reports[item.name] = report;
  if (!json) console.log(`\n${printItem(item.name, report)}`);
}
const measured = commit();
const report: Report = {
  format: FORMAT,
  time: new Date().toISOString(),
  ...(measured === undefined ? {} : { commit: measured }),
  machine: facts,
  items: reports,
};
if (json) console.log(JSON.stringify(report, null, 2));
if (interrupted || Object.values(reports).some(({ failed }) => failed !== undefined)) process.exitCode = 1;
