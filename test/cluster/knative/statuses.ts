/**
 * What Knative's controllers would make of a Broker and its Triggers, for programs at these addresses: they themselves
 * need Services and a cluster's DNS. The objects are the chart's; channel, Subscriptions and identities follow from them as
 * they do with Knative where `authentication-oidc` is on, and go with whom they belong to.
 */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { Installation } from "../../../scripts/race/installation.ts";
import { makeAccount, ownedBy } from "./tokens.ts";

const kindOf = (group: string, version: string, kind: string, plural: string): Kind => ({
  group,
  version,
  kind,
  plural,
  namespaced: true,
});
const Broker = kindOf("eventing.knative.dev", "v1", "Broker", "brokers");
const Trigger = kindOf("eventing.knative.dev", "v1", "Trigger", "triggers");
const EventPolicy = kindOf("eventing.knative.dev", "v1alpha1", "EventPolicy", "eventpolicies");
const InMemoryChannel = kindOf("messaging.knative.dev", "v1", "InMemoryChannel", "inmemorychannels");
const Subscription = kindOf("messaging.knative.dev", "v1", "Subscription", "subscriptions");

interface Destination {
  readonly ref: { readonly kind: string; readonly name: string };
  readonly uri: string;
  readonly audience?: string;
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
/** As Knative's filter wants it in the channel's tokens. */
const FILTER_AUDIENCE = "mt-broker-filter";
/** As which the ingress speaks to channels. */
const INGRESS_ACCOUNT = "mt-broker-ingress-oidc";
const MOST_NAME_LETTERS = 63;

/** What tokens for a Broker must be meant for. */
export const brokerAudience = (namespace: string, name: string): string =>
  `eventing.knative.dev/broker/${namespace}/${name}`;

/** Makes the Broker and its Triggers ready. @param system the namespace of Knative's own programs */
export async function makeReady(
  installation: Pick<Installation, "cluster">,
  { namespace, name, system }: { readonly namespace: string; readonly name: string; readonly system: string },
  places: Places,
): Promise<void> {
  const { cluster } = installation;
  const resolved = ({ ref, uri }: Destination): string => places.service(ref.name) + uri;
  const broker = (await cluster.get(Broker, { namespace, name })) as BrokerObject | undefined;
  if (broker === undefined) throw new Error(`no Broker ${namespace}/${name}`);
  const triggers = (await cluster.list(Trigger, { namespace })) as readonly TriggerObject[];
  const statusOf = async (kind: Kind, before: Stored<KubeObject>, status: object): Promise<void> => {
    const known = { observedGeneration: before.metadata.generation, conditions: READY };
    await cluster.patch(kind, before, { ...before, status: { ...known, ...status } } as KubeObject, "status");
  };
  const made = async (kind: Kind, of: string, spec: object, annotations = {}): Promise<Stored<KubeObject>> => {
    const metadata = { name: of, namespace, annotations, ...ownedBy(broker) };
    const apiVersion = `${kind.group}/${kind.version}`;
    return (await cluster.create(kind, { apiVersion, kind: kind.kind, metadata, spec } as KubeObject)).object;
  };

  await makeAccount(installation, system, INGRESS_ACCOUNT);
  const policy = await made(EventPolicy, `${name}-ingress`, {});
  await statusOf(EventPolicy, policy, { from: [`system:serviceaccount:${system}:${INGRESS_ACCOUNT}`] });

  const channelName = `${name}-kne-trigger`;
  const channelURL = `${places.channel}/${namespace}/${channelName}`;
  const channelAudience = `messaging.knative.dev/inmemorychannel/${namespace}/${channelName}`;
  const annotations = Object.entries(broker.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith("messaging.knative.dev"),
  );
  const subscribers = await Promise.all(
    triggers.map(async (trigger) => {
      const { metadata, spec } = trigger;
      const owner = ownedBy(trigger);
      const at = `${places.filter}/triggers/${namespace}/${metadata.name}/${metadata.uid}`;
      const subscription = `${name}-${metadata.name}-${metadata.uid}`;
      if (subscription.length > MOST_NAME_LETTERS) throw new Error(`Knative would call ${subscription} another way`);
      const auth = { serviceAccountName: `${metadata.name}-subscription` };
      await makeAccount(installation, namespace, auth.serviceAccountName, owner);
      const channel = { apiVersion: "messaging.knative.dev/v1", kind: InMemoryChannel.kind, name: channelName };
      await statusOf(Subscription, await made(Subscription, subscription, { channel }), { auth });
      return {
        uid: metadata.uid,
        name: metadata.name,
        generation: 1,
        subscriberUri: at,
        subscriberAudience: FILTER_AUDIENCE,
        replyUri: `${at}/reply`,
        replyAudience: FILTER_AUDIENCE,
        delivery: { ...spec.delivery, deadLetterSink: { uri: `${at}/dls`, audience: FILTER_AUDIENCE } },
        auth,
      };
    }),
  );
  const channel = await made(InMemoryChannel, channelName, { subscribers }, Object.fromEntries(annotations));
  await statusOf(InMemoryChannel, channel, {
    address: { url: channelURL, audience: channelAudience },
    policies: [{ apiVersion: "eventing.knative.dev/v1alpha1", name: policy.metadata.name }],
  });
  await statusOf(Broker, broker, {
    address: { url: `${places.ingress}/${namespace}/${name}`, audience: brokerAudience(namespace, name) },
    annotations: { "knative.dev/channelAddress": channelURL, "knative.dev/channelAudience": channelAudience },
    deadLetterSinkUri: resolved(broker.spec.delivery.deadLetterSink),
    deadLetterSinkAudience: broker.spec.delivery.deadLetterSink.audience,
  });
  for (const trigger of triggers) {
    const owner = ownedBy(trigger);
    const { subscriber, delivery } = trigger.spec;
    const auth = { serviceAccountName: `${trigger.metadata.name}-trigger` };
    await makeAccount(installation, namespace, auth.serviceAccountName, owner);
    await statusOf(Trigger, trigger, {
      auth,
      subscriberUri: resolved(subscriber),
      subscriberAudience: subscriber.audience,
      deadLetterSinkUri: resolved(delivery.deadLetterSink),
      deadLetterSinkAudience: delivery.deadLetterSink.audience,
    });
  }
}
