/**
 * A client's watch of instances, which notes when each change was seen: what is measured is what a user would see.
 */
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Client } from "../../cli/client.ts";

export const VMIS = "/apis/kubevirt.io/v1/namespaces/default/virtualmachineinstances";

export interface Seen {
  /** By performance.now(). */
  readonly at: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly vmi: VirtualMachineInstance;
}

export interface InstanceWatch {
  /** The first sight after `since` that fits. @throws Error when the watch ends first */
  until(since: number, fits: (seen: Seen) => boolean): Promise<Seen>;
  close(): void;
}

export async function watchInstances(client: Client): Promise<InstanceWatch> {
  const stop = new AbortController();
  const sights: Seen[] = [];
  let news = Promise.withResolvers<void>();
  const list = await client.send<{ metadata: { resourceVersion: string } }>("GET", VMIS);
  const follow = async (): Promise<void> => {
    const path = `${VMIS}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
    for await (const line of client.lines(path, stop.signal)) {
      const { type, object } = JSON.parse(line) as { type: Seen["type"]; object: VirtualMachineInstance };
      sights.push({ at: performance.now(), type, vmi: object });
      news.resolve();
      news = Promise.withResolvers();
    }
    throw new Error("the watch of instances ended");
  };
  const failed = follow();
  failed.catch(() => undefined); // whoever waits is told
  // The watch's own request is on its way; give it the time of one more.
  await client.send("GET", `${VMIS}?limit=1`);
  return {
    async until(since, fits) {
      for (let next = 0; ;) {
        for (; next < sights.length; next += 1) {
          const seen = sights[next];
          if (seen !== undefined && seen.at >= since && fits(seen)) return seen;
        }
        await Promise.race([news.promise, failed]);
      }
    },
    close: () => stop.abort(),
  };
}
