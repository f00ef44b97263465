/**
 * node-runtime/libvirt/protocol.gen.ts from the protocol tables beside it: a type and a codec for each struct, and the
 * tables of calls and events.
 */
import { readFileSync } from "node:fs";
import { write, type Generated } from "./output.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly kind?: "var" | "fixed" | "opt";
  readonly max?: number;
}
interface Procedure {
  readonly number: number;
  readonly name: string;
  readonly args?: string;
  readonly ret?: string;
  readonly event?: string;
  readonly stream?: "read" | "write";
}
interface Protocol {
  readonly constants: Readonly<Record<string, number>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly typedefs: Readonly<Record<string, Field>>;
  readonly structs: Readonly<Record<string, readonly Field[]>>;
  readonly unions: Readonly<Record<string, { readonly arms: Readonly<Record<string, Field>> }>>;
  readonly procedures: readonly Procedure[];
}

/** A type of the protocol in TypeScript, and the expression that makes its codec. */
interface Spelling {
  readonly type: string;
  readonly codec: string;
  readonly optional?: boolean;
}

const directory = new URL("../../node-runtime/libvirt/", import.meta.url);

const primitives: Readonly<Record<string, Spelling>> = {
  "int": { type: "number", codec: "int" },
  "unsigned int": { type: "number", codec: "unsignedInt" },
  "char": { type: "number", codec: "char" },
  "unsigned char": { type: "number", codec: "unsignedChar" },
  "unsigned short": { type: "number", codec: "unsignedShort" },
  "hyper": { type: "bigint", codec: "hyper" },
  "unsigned hyper": { type: "bigint", codec: "unsignedHyper" },
  "double": { type: "number", codec: "double" },
  "remote_uuid": { type: "string", codec: "uuid" },
};

function camel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
/** Struct names without the program's prefix; the one that would hide a global keeps it. */
function typeName(name: string): string {
  const bare = name === "remote_error" ? name : name.replace(/^remote_/, "");
  return camel(`_${bare}`);
}
const codecName = (name: string): string => {
  const type = typeName(name);
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
};

function load(file: string): Protocol {
  return JSON.parse(readFileSync(new URL(`protocol/${file}`, directory), "utf8")) as Protocol;
}

const remote = load("libvirt.json");
const qemu = load("qemu.json");
const typedefs: Protocol["typedefs"] = { ...remote.typedefs, ...qemu.typedefs };
const enums: Protocol["enums"] = { ...remote.enums, ...qemu.enums };

function constant(protocol: Protocol, name: string): number {
  const value = protocol.constants[name];
  if (value === undefined) throw new Error(`the tables have no constant ${name}`);
  return value;
}

function limit(field: Field): number {
  if (field.max === undefined) throw new Error(`${field.name}: ${field.type} has no limit in the tables`);
  return field.max;
}

function element(type: string): Spelling {
  const primitive = primitives[type];
  if (primitive !== undefined) return primitive;
  if (type in enums) return { type: "number", codec: "int" };
  const typedef = typedefs[type];
  if (typedef !== undefined) return spell(typedef);
  return { type: typeName(type), codec: codecName(type) };
}

function spell(field: Field): Spelling {
  if (field.kind === "opt") {
    const inner = element(field.type);
    return { type: `${inner.type} | undefined`, codec: `optional(${inner.codec})`, optional: true };
  }
  if (field.kind === "fixed") {
    if (field.type !== "char") throw new Error(`${field.name}: no rule for a fixed array of ${field.type}`);
    return { type: "string", codec: `characters(${limit(field)})` };
  }
  if (field.kind === "var") {
    if (field.type === "string") return { type: "string", codec: `string(${limit(field)})` };
    if (field.type === "opaque") return { type: "Uint8Array", codec: `bytes(${limit(field)})` };
    const inner = element(field.type);
    return { type: `readonly ${inner.type}[]`, codec: `array(${inner.codec}, ${limit(field)})` };
  }
  return element(field.type);
}

function struct(name: string, fields: readonly Field[]): string {
  const spelled = fields.map((field) => ({ name: camel(field.name), ...spell(field) }));
  const members = spelled.map(
    (field) => `  readonly ${field.name}${field.optional === true ? "?" : ""}: ${field.type};`,
  );
  const codecs = spelled.map((field) => `  ${field.name}: ${field.codec},`);
  return [
    `export interface ${typeName(name)} {`,
    ...members,
    "}",
    `export const ${codecName(name)}: Codec<${typeName(name)}> = struct<${typeName(name)}>({`,
    ...codecs,
    "});",
  ].join("\n");
}

function union(name: string, arms: Readonly<Record<string, Field>>): string {
  const spelled = Object.entries(arms).map(([tag, field]) => ({ tag, ...spell(field) }));
  return [
    `export type ${typeName(name)} =`,
    ...spelled.map(
      ({ tag, type }, index) =>
        `  | { readonly type: ${tag}; readonly value: ${type} }${index === spelled.length - 1 ? ";" : ""}`,
    ),
    `export const ${codecName(name)}: Codec<${typeName(name)}> = union<${typeName(name)}>({`,
    ...spelled.map(({ tag, codec }) => `  ${tag}: ${codec},`),
    "});",
  ].join("\n");
}

/** The structs of one program, with its unions just before the struct that first needs them. */
function definitions(protocol: Protocol): readonly string[] {
  const unions = new Map(Object.entries(protocol.unions));
  return Object.entries(protocol.structs).flatMap(([name, fields]) => {
    const needed = fields.filter((field) => unions.has(field.type)).map((field) => field.type);
    const before = needed.map((type) => {
      const definition = union(type, unions.get(type)?.arms ?? {});
      unions.delete(type);
      return definition;
    });
    return [...before, struct(name, fields)];
  });
}

interface Program {
  readonly number: number;
  readonly version: number;
  readonly prefix: string;
  readonly protocol: Protocol;
}
const programs: readonly Program[] = [
  {
    number: constant(remote, "REMOTE_PROGRAM"),
    version: constant(remote, "REMOTE_PROTOCOL_VERSION"),
    prefix: "",
    protocol: remote,
  },
  {
    number: constant(qemu, "QEMU_PROGRAM"),
    version: constant(qemu, "QEMU_PROTOCOL_VERSION"),
    prefix: "qemu_",
    protocol: qemu,
  },
];

const procedures = programs.flatMap((program) =>
  program.protocol.procedures.map((procedure) => ({
    ...procedure,
    key: camel(`${program.prefix}${procedure.name}`),
    program: `0x${program.number.toString(16)}`,
    version: program.version,
  })),
);
const calls = procedures.filter((procedure) => procedure.event === undefined);
const events = procedures.filter((procedure) => procedure.event !== undefined);

const typeOf = (name: string | undefined): string => (name === undefined ? "Nothing" : typeName(name));
const codecOf = (name: string | undefined): string => (name === undefined ? "nothing" : codecName(name));

const head = `// Made by scripts/generate/libvirt.ts from protocol/libvirt.json and protocol/qemu.json. Do not edit.
import {
  array,
  bytes,
  char,
  characters,
  double,
  hyper,
  int,
  optional,
  string,
  struct,
  union,
  unsignedChar,
  unsignedHyper,
  unsignedInt,
  unsignedShort,
  uuid,
  type Codec,
} from "./xdr.ts";

/** Arguments or result of a procedure that has none. */
export type Nothing = Readonly<Record<never, never>>;
const nothing: Codec<Nothing> = struct<Nothing>({});
`;

const tables = `
/** Arguments and result of each call, by its name. */
export interface Calls {
${calls.map((call) => `  readonly ${call.key}: { readonly args: ${typeOf(call.args)}; readonly result: ${typeOf(call.ret)} };`).join("\n")}
}
export type CallName = keyof Calls;

export interface CallDescription<A, R> {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
  /** The reply opens a stream: which way its data flows (a console's flows both ways). */
  readonly stream?: "read" | "write";
}

export const calls: { readonly [N in CallName]: CallDescription<Calls[N]["args"], Calls[N]["result"]> } = {
${calls
  .map((call) => {
    const stream = call.stream === undefined ? "" : `, stream: "${call.stream}"`;
    return `  ${call.key}: { program: ${call.program}, version: ${call.version}, procedure: ${call.number}, args: ${codecOf(call.args)}, result: ${codecOf(call.ret)}${stream} },`;
  })
  .join("\n")}
};

/** The calls whose reply opens a stream. */
export type StreamName =
${calls
  .filter((call) => call.stream !== undefined)
  .map((call) => `  | "${call.key}"`)
  .join("\n")};

/** What each event carries, by its name. */
export interface Events {
${events.map((event) => `  readonly ${event.key}: ${typeOf(event.event)};`).join("\n")}
}
export type EventName = keyof Events;

export interface EventDescription<T> {
  readonly program: number;
  readonly procedure: number;
  readonly message: Codec<T>;
}

export const events: { readonly [N in EventName]: EventDescription<Events[N]> } = {
${events
  .map(
    (event) =>
      `  ${event.key}: { program: ${event.program}, procedure: ${event.number}, message: ${codecOf(event.event)} },`,
  )
  .join("\n")}
};
`;

const content = `${head}\n${[...definitions(remote), ...definitions(qemu)].join("\n\n")}\n${tables}`;

export function libvirt(): readonly Generated[] {
  return [{ path: "node-runtime/libvirt/protocol.gen.ts", content }];
}

if (import.meta.main) await write(libvirt());
