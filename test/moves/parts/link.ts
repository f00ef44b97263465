/** Questions and answers between a test and its processes, both ways, over Node's own channel. */
import type { ChildProcess } from "node:child_process";

export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

type Message =
  | { readonly ask: string; readonly id: number; readonly argument: unknown }
  | { readonly answer: number; readonly value?: unknown; readonly failed?: string };

export interface Link {
  /** @throws Error when the other end fails, or is gone */
  ask<T>(what: string, argument?: unknown): Promise<T>;
}

export function link(peer: ChildProcess | NodeJS.Process, handlers: Handlers): Link {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;
  const send = (message: Message): void => {
    if (peer.connected === true) peer.send?.(message);
  };
  peer.on("message", (message: Message) => {
    if ("ask" in message) return void answer(message);
    const asked = waiting.get(message.answer);
    waiting.delete(message.answer);
    if (message.failed === undefined) asked?.resolve(message.value);
    else asked?.reject(new Error(message.failed));
  });
  peer.on("disconnect", () => {
    for (const { reject } of waiting.values()) reject(new Error("the process is gone"));
    waiting.clear();
  });

  async function answer({ ask, id, argument }: Extract<Message, { ask: string }>): Promise<void> {
    try {
      const value = await handlers[ask]?.(argument as never);
      send({ answer: id, value });
    } catch (thrown) {
      send({ answer: id, failed: String(thrown) });
    }
  }

  return {
    ask<T>(what: string, argument?: unknown) {
      const asked = Promise.withResolvers<unknown>();
      waiting.set((count += 1), asked);
      send({ ask: what, id: count, argument });
      return asked.promise as Promise<T>;
    },
  };
}

/** The end in the started process: who started it is gone, so nobody will end it. */
export function linkToTest(handlers: Handlers): Link {
  process.on("disconnect", () => process.exit(1));
  return link(process, handlers);
}

export function optionsOf<T>(): T {
  return JSON.parse(process.argv[2] ?? "") as T;
}
