/** Namespaces: they exist before what is in them, and go when all in them is gone. */
import { metadataOf, objectAt, stringAt, type JsonObject } from "../json-value.ts";
import type { KindRules } from "./kind.ts";

/** Present in every cluster. */
export const initialNamespaces: readonly string[] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Cannot be deleted. */
export const lastingNamespaces: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/** In spec.finalizers while anything may be in the namespace. */
export const NAMESPACE_FINALIZER = "kubernetes";

function nameLabel(object: JsonObject): void {
  const metadata = metadataOf(object);
  const labels = objectAt(metadata, "labels") ?? {};
  labels["kubernetes.io/metadata.name"] = stringAt(metadata, "name") ?? "";
  metadata["labels"] = labels;
}

export const namespaceRules: KindRules = {
  prepareCreate(object) {
    object["spec"] = { finalizers: [NAMESPACE_FINALIZER] };
    object["status"] = { phase: "Active" };
    nameLabel(object);
  },
  prepareUpdate(object, old) {
    object["spec"] = old["spec"];
    nameLabel(object);
  },
};
