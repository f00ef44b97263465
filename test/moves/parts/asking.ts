/** A client that asks for a guest's page all the time, each time by a new connection, as many clients do. */
import { request } from "node:http";

const AGAIN_MS = 20;
/** Longer than TCP takes to find a guest again that was away for a moment. */
const PATIENCE_MS = 10_000;

export interface Asking {
  readonly answers: number;
  /** What it met instead of an answer: ECONNRESET, ECONNREFUSED, timeout, … */
  readonly failures: readonly string[];
  /** Milliseconds between two answers, at most. */
  readonly longestGap: number;
  end(): void;
}

export function keepAsking(host: string, path = "/counter"): Asking {
  const failures: string[] = [];
  let [answers, longestGap, ended] = [0, 0, false];
  let answered = performance.now();
  void (async () => {
    while (!ended) {
      const failure = await ask(host, path);
      if (failure === undefined) {
        answers += 1;
        longestGap = Math.max(longestGap, performance.now() - answered);
        answered = performance.now();
      } else if (!ended) failures.push(failure);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  return {
    get answers() {
      return answers;
    },
    failures,
    get longestGap() {
      return longestGap;
    },
    end: () => void (ended = true),
  };
}

/** Undefined: it was answered. */
function ask(host: string, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request({ host, path, timeout: PATIENCE_MS, agent: false }, (response) => {
      response.resume();
      response.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      response.on("end", () => resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`));
    });
    sent.on("timeout", () => sent.destroy(new Error("timeout")));
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}
