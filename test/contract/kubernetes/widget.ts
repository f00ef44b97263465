/** A made-up custom kind that has one of everything: status, scale, lists with keys, defaults, two versions. */

const schema = {
  type: "object",
  description: "A Widget, for tests",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      description: "What the widget should be",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 100, description: "How large it is, in centimetres" },
        colour: { type: "string", enum: ["red", "green", "blue"], default: "red" },
        replicas: { type: "integer" },
        note: { type: "string", nullable: true, maxLength: 200 },
        tags: { "type": "array", "items": { type: "string" }, "x-kubernetes-list-type": "set" },
        parts: {
          "type": "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          "items": {
            type: "object",
            required: ["name"],
            properties: {
              name: { type: "string" },
              weight: { type: "integer" },
              polish: { type: "boolean", default: false },
            },
          },
        },
        limits: {
          type: "object",
          additionalProperties: {
            "x-kubernetes-int-or-string": true,
            "anyOf": [{ type: "integer" }, { type: "string" }],
          },
        },
        free: { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: {
      type: "object",
      properties: {
        phase: { type: "string" },
        replicas: { type: "integer" },
        selector: { type: "string" },
        conditions: {
          "type": "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          "items": {
            type: "object",
            required: ["type", "status"],
            properties: {
              type: { type: "string" },
              status: { type: "string" },
              reason: { type: "string" },
              message: { type: "string" },
              lastTransitionTime: { type: "string" },
            },
          },
        },
      },
    },
  },
};

const columns = [
  { name: "Size", type: "integer", jsonPath: ".spec.size" },
  { name: "Phase", type: "string", jsonPath: ".status.phase" },
  { name: "Ready", type: "string", jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  { name: "Colour", type: "string", jsonPath: ".spec.colour", priority: 1 },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

const version = {
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: ".spec.replicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
  },
  additionalPrinterColumns: columns,
  selectableFields: [{ jsonPath: ".spec.colour" }],
};

/** Its definition in a group of its own, so that suites do not meet. */
export function widgetDefinition(group: string): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: {
        plural: "widgets",
        singular: "widget",
        kind: "Widget",
        listKind: "WidgetList",
        shortNames: ["wd"],
        categories: ["all"],
      },
      versions: [
        { name: "v1", ...version },
        { name: "v1alpha1", ...version, storage: false, deprecated: true },
      ],
    },
  };
}

/** The smallest valid widget. */
export function widget(group: string, name: string, spec: object = {}, metadata: object = {}): Record<string, unknown> {
  return { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name, ...metadata }, spec: { size: 1, ...spec } };
}
