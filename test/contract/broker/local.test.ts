import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createBroker } from "#events/broker/broker.ts";
import { httpSubscriber } from "#events/broker/http-subscriber.ts";
import { seededRandom } from "#events/chance.ts";
import { systemClock } from "#events/clock.ts";
import { createIngress } from "#events/ingress.ts";
import { silentLog } from "#events/log.ts";
import { memoryJournal } from "#events/memory-journal.ts";
import { brokerContract } from "./suite.ts";

brokerContract("the in-process broker behind its ingress", async () => {
  const broker = createBroker({
    journal: memoryJournal(),
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  });
  const ingress = createIngress({
    publish: (event) => broker.publish(event),
    identityOf: () => ({ user: "contract" }),
    leaseSeconds: 10,
    clock: systemClock,
    log: silentLog,
  });
  const listener = getRequestListener(ingress.fetch);
  const server: Server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    async subscribe({ name, filters, url, retry, deadLetterURL }) {
      const delivery = {
        retry,
        backoffPolicy: "exponential",
        backoffDelayMilliseconds: 20,
        backoffMaxMilliseconds: 1000,
        timeoutMilliseconds: 5000,
      } as const;
      broker.addTrigger({ name, filters, delivery, subscriber: httpSubscriber(url) });
      if (deadLetterURL === undefined) return;
      broker.addDeadLetterTrigger({
        name: `${name}-letters`,
        filters: [{ exact: { knativeerrordest: `/triggers/${name}` } }],
        delivery,
        subscriber: httpSubscriber(deadLetterURL),
      });
    },
    async stop() {
      await broker.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});
