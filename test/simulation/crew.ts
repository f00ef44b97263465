/** Threads that live histories, each one order after the other. */
import { Worker } from "node:worker_threads";
import type { Order, Told } from "./worker.ts";

/** What a history leaves behind dies young; with less room it would be copied first. */
const YOUNG_MIB = 64;

export interface Hand {
  /** @throws Error when the thread died; it lives nothing more then */
  live(order: Order): Promise<Told>;
  dismiss(): Promise<void>;
}

export function hire(): Hand {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  return {
    live: (order) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          worker.off("message", told);
          worker.off("error", failed);
        };
        const told = (message: Told): void => {
          done();
          resolve(message);
        };
        const failed = (error: Error): void => {
          done();
          reject(error);
        };
        worker.on("message", told);
        worker.on("error", failed);
        worker.postMessage(order);
      }),
    async dismiss() {
      await worker.terminate();
    },
  };
}
