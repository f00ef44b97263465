/** Networks that interfaces are attached to. */
import { flag, object, required, text, type Value } from "./vocabulary.ts";

export const NetworkSchema = object(
  "A network. Exactly one source says which.",
  {
    name: required(text("Name by which an interface refers to it.")),
    pod: object("The cluster's pod network.", {
      vmNetworkCIDR: text("For masquerade: the guest's IPv4 network; 10.0.2.0/24 when unset."),
      vmIPv6NetworkCIDR: text("For masquerade: the guest's IPv6 network; fd10:0:2::/120 when unset."),
    }),
    multus: object("A secondary network, by a NetworkAttachmentDefinition.", {
      networkName: required(text("Name of the definition, or namespace/name.")),
      default: flag("Use it as the pod's default network, in place of the cluster's."),
    }),
    resourceClaim: object("A network device by dynamic resource allocation.", {
      claimName: text("Entry of spec.resourceClaims that holds it."),
      requestName: text("Request in that claim."),
    }),
  },
  {
    rules: [
      {
        rule: "[has(self.pod), has(self.multus), has(self.resourceClaim)].exists_one(set, set)",
        message: "set exactly one of pod, multus and resourceClaim",
        reason: "FieldValueRequired",
      },
    ],
  },
);
export type Network = Value<ReturnType<(typeof NetworkSchema)["unwrap"]>>;
