/**
 * The same API for callers in this process: no socket, no TLS, no HTTP. What is asked and what is answered are texts as on
 * a connection, so that nobody shares an object with the store.
 *
 *   ask ──► may they? ──► the operation ──► Reply        lines ──► may they? ──► a watch whose client is a function
 */
import type { Answered, Asked, KubeHttp } from "#events/kube-http.ts";
import { faultOf } from "#events/kube-faults.ts";
import type { UserInfo } from "./authentication/user.ts";
import { attributesOf, authorize, type Authorizer } from "./authorization/authorizer.ts";
import type { Message } from "./body.ts";
import { replyError, textOf, type Reply } from "./reply.ts";
import { resourcePath } from "./request-path.ts";
import { answerResource, scopeOf, verbOf, viewOf, type ResourceRequest } from "./resource-requests.ts";
import type { Room } from "./room.ts";
import { methodNotAllowed, noSuchPath, StatusError } from "./status.ts";
import { answerSubresource } from "./subresources.ts";
import { timeoutSeconds, watchOptions } from "./watching/watch-request.ts";
import type { Sink } from "./watching/watcher.ts";
import type { Watches } from "./watching/watches.ts";

export interface InsideOptions {
  readonly room: Room;
  readonly watches: Watches;
  readonly authorizer: Authorizer;
  /** See ApiServerOptions. */
  readonly isInsider: (user: UserInfo) => boolean;
  readonly onTrouble: (error: unknown) => void;
}

export function inside(options: InsideOptions, user: UserInfo): KubeHttp {
  const insider = options.isInsider(user);

  async function requestOf(asked: Asked): Promise<ResourceRequest> {
    const [path = "", search = ""] = asked.path.split("?", 2);
    const query = new URLSearchParams(search);
    const named = resourcePath(path);
    if (named === undefined) throw noSuchPath(path);
    const verb = verbOf(asked.method, named, query);
    await authorize(options.authorizer, attributesOf(user, { method: asked.method, path, query }, named, verb));
    const served = options.room.kinds.find(named.group, named.version, named.plural);
    if (served === undefined) throw noSuchPath(path);
    if (verb === undefined) throw methodNotAllowed(served.kind, asked.method);
    return { room: options.room, message: messageOf(asked), query, served, path: named, verb, user };
  }

  async function answered(asked: Asked): Promise<Reply> {
    try {
      const request = await requestOf(asked);
      return await (request.path.subresource === undefined ? answerResource(request) : answerSubresource(request));
    } catch (error) {
      return refusal(error);
    }
  }

  function refusal(error: unknown): Reply {
    if (!(error instanceof StatusError)) options.onTrouble(error);
    return replyError(error);
  }

  return {
    async ask(asked) {
      const reply = await answered(asked);
      if (!insider) await options.room.store.onDisk();
      return answerOf(reply);
    },

    async lines(path, what, _idleMilliseconds, line, signal) {
      const asked: Asked = { method: "GET", path, what };
      try {
        const request = await requestOf(asked);
        if (request.verb !== "watch" || !request.served.kind.verbs.includes("watch"))
          throw methodNotAllowed(request.served.kind, "watch");
        const { room, query } = request;
        const how = { ...watchOptions(room, scopeOf(request), query, viewOf(request)), insider };
        if (signal.aborted) return;
        const over = Promise.withResolvers<void>();
        const stop = options.watches.start(sinkTo(line, over), how, timeoutSeconds(query));
        signal.addEventListener("abort", stop, { once: true });
        try {
          await over.promise;
        } finally {
          signal.removeEventListener("abort", stop);
          stop();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StatusError)) throw error;
        const { status, body, retryAfterSeconds } = answerOf(refusal(error));
        throw faultOf(status, body, what, "watch", retryAfterSeconds);
      }
    },

    close() {
      // Nothing is kept open.
    },
  };
}

function messageOf(asked: Asked): Message {
  const headers = { "accept": "application/json", "user-agent": "virtive", "content-type": asked.contentType ?? null };
  return {
    header: (name) => headers[name],
    bytes: async () => Buffer.from(asked.body === undefined ? "" : JSON.stringify(asked.body)),
  };
}

function answerOf(reply: Reply): Answered {
  const { code, retryAfterSeconds } = reply;
  return { status: code, body: JSON.parse(textOf(reply)) as unknown, retryAfterSeconds };
}

/** Lines are told in a turn of their own: whoever hears them may write, and the store is in the middle of a write. */
function sinkTo(line: (text: string) => void, over: Pick<PromiseWithResolvers<void>, "resolve" | "reject">): Sink {
  let queue: string[] = [];
  let ended = false;
  function tell(): void {
    const batch = queue;
    queue = [];
    try {
      for (const text of batch) line(text);
    } catch (thrown) {
      ended = true;
      over.reject(thrown);
    }
    if (ended) over.resolve();
  }
  return {
    write({ text }) {
      if (ended) return;
      queue.push(text);
      if (queue.length === 1) queueMicrotask(tell);
    },
    together: (work) => work(),
    waiting: 0,
    onDrain(then) {
      then();
    },
    end() {
      ended = true;
      queueMicrotask(tell);
    },
  };
}
