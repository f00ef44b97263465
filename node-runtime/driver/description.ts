/** The domain's side of an order, as drivers and the status need it: node-runtime/domain and the network's plan. */
import { randomUUID } from "node:crypto";
import { Fault } from "#events/fault.ts";
import { diskTargets } from "../domain/disks.ts";
import { claimOfDomain, domainName, domainUuid } from "../domain/identity.ts";
import { copiedDisks, incomingXml } from "../domain/incoming.ts";
import { domainXml } from "../domain/xml.ts";
import { statusInterfaces } from "../network/guest-interface.ts";
import type { DomainDescription } from "./ports.ts";

export const describedDomains: DomainDescription = {
  // A spec that is refused fails its machine when the XML is made, with the reason; until then it needs some UUID.
  uuid: (order) => unlessRefused(() => domainUuid(order), randomUUID),
  xml: domainXml,
  targets: (order) =>
    unlessRefused(
      () => diskTargets(order.spec),
      () => [],
    ),
  interfaces: statusInterfaces,
  claimOf: claimOfDomain,
  copied: (order) => copiedDisks(order.spec),
  incoming: (xml, sourceDirectory, order, directory, emulator) =>
    incomingXml({ xml, sourceDirectory, order, directory, emulator }),
  name: domainName,
};

function unlessRefused<T>(make: () => T, otherwise: () => T): T {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind === "refused") return otherwise();
    throw thrown;
  }
}
