/**
 * What Knative's controllers would write into a Broker and its Triggers, for programs at these addresses: they themselves
 * need Services and a cluster's DNS. The objects are the chart's; the channel follows from them as Knative's does.
 */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { Cluster } from "#events/cluster.ts";

const eventing = (kind: string, plural: string): Kind => ({
  group: "eventing.knative.dev",
  version: "v1",
  kind,
  plural,
  namespaced: true,
});
export const Broker = eventing("Broker", "brokers");
export const Trigger = eventing("Trigger", "triggers");
export const InMemoryChannel: Kind = {
  group: "messaging.knative.dev",
  version: "v1",
  kind: "InMemoryChannel",
  plural: "inmemorychannels",
  namespaced: true,
};

interface Destination {
  readonly ref: { readonly kind: string; readonly name: string };
  readonly uri: string;
}
interface Delivery {
  readonly deadLetterSink: Destination;
  readonly [field: string]: unknown;
}
interface BrokerObject extends Stored<KubeObject> {
  readonly spec: { readonly delivery: Delivery };
}
interface TriggerObject extends Stored<KubeObject> {
  readonly spec: { readonly subscriber: Destination; readonly delivery: Delivery };
}

export interface Places {
  readonly ingress: string;
  readonly filter: string;
  readonly channel: string;
  /** Where a Knative Service of this name is reached. */
  service(name: string): string;
}

const READY = [{ type: "Ready", status: "True" }];

/** Makes the Broker and its Triggers ready. */
export async function makeReady(cluster: Cluster, namespace: string, name: string, places: Places): Promise<void> {
  const resolved = ({ ref, uri }: Destination): string => places.service(ref.name) + uri;
  const broker = (await cluster.get(Broker, { namespace, name })) as BrokerObject | undefined;
  if (broker === undefined) throw new Error(`no Broker ${namespace}/${name}`);
  const triggers = (await cluster.list(Trigger, { namespace })) as readonly TriggerObject[];

  const channelName = `${name}-kne-trigger`;
  const annotations = Object.entries(broker.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith("messaging.knative.dev"),
  );
  const { object: channel } = await cluster.create(InMemoryChannel, {
    apiVersion: "messaging.knative.dev/v1",
    kind: InMemoryChannel.kind,
    metadata: { name: channelName, namespace, annotations: Object.fromEntries(annotations) },
    spec: {
      subscribers: triggers.map(({ metadata, spec }) => {
        const at = `${places.filter}/triggers/${namespace}/${metadata.name}/${metadata.uid}`;
        return {
          uid: metadata.uid,
          name: metadata.name,
          generation: 1,
          subscriberUri: at,
          replyUri: `${at}/reply`,
          delivery: { ...spec.delivery, deadLetterSink: { uri: `${at}/dls` } },
        };
      }),
    },
  } as KubeObject);
  const statusOf = async (kind: Kind, before: Stored<KubeObject>, status: object): Promise<void> => {
    const known = { observedGeneration: before.metadata.generation, conditions: READY };
    await cluster.patch(kind, before, { ...before, status: { ...known, ...status } } as KubeObject, "status");
  };
  const channelURL = `${places.channel}/${namespace}/${channelName}`;
  await statusOf(InMemoryChannel, channel, { address: { url: channelURL } });
  await statusOf(Broker, broker, {
    address: { url: `${places.ingress}/${namespace}/${name}` },
    annotations: { "knative.dev/channelAddress": channelURL },
    deadLetterSinkUri: resolved(broker.spec.delivery.deadLetterSink),
  });
  for (const trigger of triggers) {
    await statusOf(Trigger, trigger, {
      subscriberUri: resolved(trigger.spec.subscriber),
      deadLetterSinkUri: resolved(trigger.spec.delivery.deadLetterSink),
    });
  }
}
