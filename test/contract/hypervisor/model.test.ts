import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import { modelBench } from "./model-bench.ts";
import { hypervisorSuite } from "./suite.ts";

hypervisorSuite({
  name: "the model",
  echoed: "what a guest says twice",
  async open() {
    const hypervisor = new ModelHypervisor({
      clock: systemClock,
      random: seededRandom(7),
      guests: { shutdownMilliseconds: 20 },
    });
    return modelBench(hypervisor);
  },
});
