/** A process of the rig: says that it is ready, answers what it is asked, ends when it is told to or left alone. */
import type { Answers, Request, Usage } from "./messages.ts";

export type Handlers = {
  readonly [A in Exclude<Request["ask"], "usage" | "close">]?: () => Answers[A] | Promise<Answers[A]>;
};

// Our clocks keep no process alive.
setInterval(() => undefined, 60_000);

export function optionsOf<T>(): T {
  return JSON.parse(process.argv[2] ?? "") as T;
}

export function serve(ready: object, handlers: Handlers, close: () => Promise<void>): void {
  process.on("message", (request: Request & { readonly id: number }) => {
    void answer(request).then(
      (value) => process.send?.({ id: request.id, value }),
      (thrown: unknown) => process.send?.({ id: request.id, failed: String(thrown) }),
    );
  });
  // Who started it is gone: nobody will end it.
  process.on("disconnect", () => process.exit(1));
  process.send?.({ ready });

  async function answer(request: Request): Promise<unknown> {
    switch (request.ask) {
      case "usage":
        return usage(request.collect);
      case "close":
        await close();
        setImmediate(() => process.exit());
        return null;
      default:
        return handlers[request.ask]?.();
    }
  }
}

function usage(collect: boolean): Usage {
  if (collect) global.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    rssMiB: rss / 2 ** 20,
    heapMiB: heapUsed / 2 ** 20,
    cpuSeconds: (user + system) / 1e6,
    at: Number(process.hrtime.bigint()),
  };
}
