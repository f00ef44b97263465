/** A process of the rig, as the item sees it. */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Answers, Request } from "./messages.ts";

const READY_MILLISECONDS = 600_000;

export interface Part<Ready> {
  readonly ready: Ready;
  /** @throws Error when it fails or has ended */
  ask<R extends Request>(request: R): Promise<Answers[R["ask"]]>;
  close(): Promise<void>;
}

type Message =
  { readonly ready: unknown } | { readonly id: number; readonly value?: unknown; readonly failed?: string };

export async function startPart<Ready>(file: "control.ts" | "fleet.ts", options: object): Promise<Part<Ready>> {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(options)], {
    execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=4", ...profiling()],
    // As bin/virtive runs it.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "../../../node_modules/.cache/node"), ...process.env },
    stdio: ["ignore", 2, 2, "ipc"],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<unknown>();
  const ended = new Promise<void>((resolve) => {
    child.on("exit", (code, signal) => {
      const gone = new Error(`${file} ended with ${signal ?? code}`);
      ready.reject(gone);
      for (const { reject } of waiting.values()) reject(gone);
      resolve();
    });
  });
  child.on("message", (message: Message) => {
    if ("ready" in message) return ready.resolve(message.ready);
    const { id, value, failed } = message;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (failed === undefined) asked?.resolve(value);
    else asked?.reject(new Error(`${file}: ${failed}`));
  });
  const late = setTimeout(() => child.kill("SIGKILL"), READY_MILLISECONDS);
  const said = (await ready.promise.finally(() => clearTimeout(late))) as Ready;
  let count = 0;
  const ask = async <R extends Request>(request: R): Promise<Answers[R["ask"]]> => {
    const answer = Promise.withResolvers<unknown>();
    waiting.set((count += 1), answer);
    child.send({ ...request, id: count });
    return (await answer.promise) as Answers[R["ask"]];
  };
  return { ready: said, ask, close: () => end(child, ended, () => ask({ ask: "close" })) };
}

async function end(child: ChildProcess, ended: Promise<void>, ask: () => Promise<unknown>): Promise<void> {
  const hurry = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await ask().catch(() => undefined); // it has ended already, or ends by the signal
  await ended;
  clearTimeout(hurry);
}

/** With BENCH_PROFILES=DIRECTORY each process of the rig leaves a CPU profile there when it ends. */
function profiling(): string[] {
  const directory = process.env["BENCH_PROFILES"];
  return directory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${directory}`];
}
