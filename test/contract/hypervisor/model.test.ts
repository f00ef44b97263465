import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
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
    return {
      hypervisor,
      xml: ({ name, uuid }) => `<domain><name>${name}</name><uuid>${uuid}</uuid></domain>`,
      guestIsUp: async () => {},
      guestPowersItselfOff: async (uuid) => hypervisor.powerOff(uuid),
      guestPanics: async (uuid) => hypervisor.panic(uuid),
      processIsKilled: async (uuid) => hypervisor.crash(uuid),
      daemonRestarts: async () => {
        hypervisor.disconnect();
        hypervisor.reconnect();
      },
      close: () => hypervisor.close(),
    };
  },
});
