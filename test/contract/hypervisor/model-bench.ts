/** The model hypervisor as the suites drive it. */
import type { ModelHypervisor } from "#node-runtime/model-hypervisor.ts";
import type { Bench } from "./suite.ts";

export function modelBench(hypervisor: ModelHypervisor): Bench {
  return {
    hypervisor,
    xml: ({ name, uuid }) => `<domain><name>${name}</name><uuid>${uuid}</uuid></domain>`,
    guestIsUp: async () => {},
    guestPowersItselfOff: async (uuid) => hypervisor.powerOff(uuid),
    guestPanics: async (uuid) => hypervisor.panic(uuid),
    guestOutrunsCopying: async (uuid) => hypervisor.behave(uuid, { outrunsCopying: 1 }),
    processIsKilled: async (uuid) => hypervisor.crash(uuid),
    daemonRestarts: async () => {
      hypervisor.disconnect();
      hypervisor.reconnect();
    },
    close: () => hypervisor.close(),
  };
}
