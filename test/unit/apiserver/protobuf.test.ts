import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeProtobuf } from "#local/apiserver/protobuf/decode.ts";
import { StatusError } from "#local/apiserver/status.ts";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** A message from [field number, value] pairs: numbers are varints, everything else has a length. */
function message(...fields: readonly [number, number | string | Buffer][]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === "number") return Buffer.concat([varint(number * 8), varint(value)]);
      const bytes = Buffer.from(value as string);
      return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
    }),
  );
}

function body(apiVersion: string, kind: string, raw: Buffer): Buffer {
  return Buffer.concat([Buffer.from("k8s\0"), message([1, message([1, apiVersion], [2, kind])], [2, raw])]);
}

test("reads a config map: maps, bytes, and Go's empty strings as absent", () => {
  const raw = message(
    [1, message([1, "settings"], [3, ""], [11, message([1, "app"], [2, "a"])], [8, message()])],
    [2, message([1, "key"], [2, "value"])],
    [2, message([1, "empty"], [2, ""])],
    [3, message([1, "blob"], [2, Buffer.from([0, 255])])],
  );
  expect(decodeProtobuf(body("v1", "ConfigMap", raw))).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", labels: { app: "a" } },
    data: { key: "value", empty: "" },
    binaryData: { blob: "AP8=" },
  });
});

test("reads a pod: inlined volume sources, quantities, ports that are numbers or names, times", () => {
  const resources = message([2, message([1, "memory"], [2, message([1, "1Gi"])])]);
  const probe = message([1, message([2, message([2, message([1, 1], [3, "http"])])])], [4, 10]);
  const container = message([1, "c"], [2, "i:1"], [8, resources], [10, probe]);
  const volume = message([1, "v"], [2, message([2, message()])]);
  const raw = message(
    [1, message([1, "p"], [8, message([1, 1_700_000_000])])],
    [2, message([1, volume], [2, container], [4, 0])],
  );
  expect(decodeProtobuf(body("v1", "Pod", raw))).toMatchObject({
    metadata: { name: "p", creationTimestamp: "2023-11-14T22:13:20Z" },
    spec: {
      volumes: [{ name: "v", emptyDir: {} }],
      containers: [
        {
          name: "c",
          image: "i:1",
          resources: { requests: { memory: "1Gi" } },
          livenessProbe: { httpGet: { port: "http" }, periodSeconds: 10 },
        },
      ],
      terminationGracePeriodSeconds: 0,
    },
  });
});

test("reads times of microseconds with all six digits, as Go's clients want them back, and others without", () => {
  const seconds = 1_700_000_000;
  const lease = (nanos: number) => message([2, message([4, message([1, seconds], [2, nanos])])]);
  const renewed = (nanos: number) => decodeProtobuf(body("coordination.k8s.io/v1", "Lease", lease(nanos)))["spec"];
  expect(renewed(0)).toEqual({ renewTime: "2023-11-14T22:13:20.000000Z" });
  expect(renewed(1_234_567)).toEqual({ renewTime: "2023-11-14T22:13:20.001234Z" });
});

test("tells a claim that wants no class from one that takes the default", () => {
  const spec = (raw: Buffer) => decodeProtobuf(body("v1", "PersistentVolumeClaim", message([2, raw])))["spec"];
  expect(spec(message([3, ""], [5, ""]))).toEqual({ storageClassName: "" });
  expect(spec(message([3, ""]))).toEqual({});
});

test("reads delete options of any group, a grace of nothing included", () => {
  const raw = message([1, 0], [4, "Background"], [2, message([1, "u"])]);
  expect(decodeProtobuf(body("policy/v1", "DeleteOptions", raw))).toMatchObject({
    gracePeriodSeconds: 0,
    propagationPolicy: "Background",
    preconditions: { uid: "u" },
  });
});

test("refuses kinds that it has no table for, and what is not Kubernetes' protobuf", () => {
  expect(() => decodeProtobuf(body("apps/v1", "Deployment", message()))).toThrow(
    expect.objectContaining({ code: 415 }),
  );
  expect(() => decodeProtobuf(Buffer.from("{}"))).toThrow(expect.objectContaining({ code: 400 }));
});

test("answers any bytes with an object or a refusal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        return typeof decodeProtobuf(body("v1", "Pod", Buffer.from(bytes))) === "object";
      } catch (error) {
        return error instanceof StatusError && error.code === 400;
      }
    }),
    { numRuns: 2000 },
  );
});
