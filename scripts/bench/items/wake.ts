/**
 * From a user's write to the start of the function that it wakes: API server, watch, source and broker of the real control
 * plane in this process. Beside it, the same write until it is answered.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pod } from "#api/core.ts";
import { silentLog } from "#events/log.ts";
import { connect } from "#events/kubernetes.ts";
import { changed } from "#functions/define.ts";
import { startControlPlane } from "#local/control-plane.ts";
import { openInstance } from "#local/instance.ts";
import { openPki } from "#local/pki.ts";
import { sampled, type FigureSpec } from "../figure.ts";
import type { BenchContext, BenchItem } from "../item.ts";
import { summarize } from "../samples.ts";

const WARM_UP = 20;

export const wake: BenchItem = {
  name: "wake",
  about: "from a write to the start of the function that it wakes, beside the write's answer",
  quick: true,
  mostSeconds: 300,
  run,
};

async function run({ quick, rounds = quick ? 100 : 500, signal }: BenchContext): Promise<readonly FigureSpec[]> {
  const directory = await mkdtemp(join(tmpdir(), "vt-"));
  const instance = await openInstance(directory);
  const pki = await openPki(instance.paths.pki);
  const control = await startControlPlane({ instance, pki, port: 0, log: silentLog });
  const client = await connect(instance.paths.kubeconfig);
  let woken: (at: number) => void = () => undefined;
  control.broker.addTrigger({
    name: "bench",
    filters: [{ all: changed(Pod).filters }],
    subscriber: async () => {
      woken(performance.now());
      return { status: 204 };
    },
  });
  try {
    await control.run();
    const started: number[] = [];
    const answered: number[] = [];
    const first = Promise.withResolvers<number>();
    woken = first.resolve;
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "bench", namespace: "default" },
      spec: { containers: [{ name: "c", image: "i" }] },
    };
    let { object } = await client.create(Pod, pod);
    await first.promise;
    for (let round = -WARM_UP; round < rounds; round += 1) {
      signal.throwIfAborted();
      const start = Promise.withResolvers<number>();
      woken = start.resolve;
      const metadata = { ...object.metadata, labels: { round: String(round + WARM_UP) } };
      const begun = performance.now();
      object = await client.patch(Pod, object, { ...object, metadata }, "object");
      const answer = performance.now();
      const woke = await start.promise;
      await control.broker.idle();
      if (round < 0) continue;
      answered.push(answer - begun);
      started.push(woke - begun);
    }
    const baseline = summarize(answered);
    return [
      sampled(
        {
          name: "write-to-function",
          title: "a write is sent → the function starts",
          unit: "ms",
          better: "less",
          baseline: { title: "a write is sent → it is answered", value: baseline.median, samples: baseline },
        },
        summarize(started),
      ),
    ];
  } finally {
    client.close();
    await control.close();
    await rm(directory, { recursive: true, force: true });
  }
}
