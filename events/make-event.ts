/**
 * The one way to make an event of ours: typed by the catalogue, portable on every wire, and with an id that is derived
 * wherever there is something to derive it from, so that doing the same thing twice tells the same event twice.
 */
import { hash } from "node:crypto";
import type { Key } from "#api/object.ts";
import type { EventType } from "./catalogue.ts";
import { PORTABLE_VALUE, type CloudEvent } from "./cloud-event.ts";
import { isoTime, type Clock } from "./clock.ts";
import { Fault } from "./fault.ts";

export interface EventParts {
  readonly type: EventType;
  /** Who says so: a path or URI, the same across restarts. */
  readonly source: string;
  /** What the event is about; becomes `partitionkey`. */
  readonly key: Key;
  readonly data: unknown;
  readonly subject?: string;
  readonly extensions?: Readonly<Record<string, string>>;
  /** Set it, or give the cause, or (with neither) the id is derived from source, type, key and time. */
  readonly id?: string;
  /** The event that led to this one. Its id goes into `causationid`, where it is portable. */
  readonly cause?: CloudEvent;
  readonly clock: Clock;
}

const EXTENSION_NAME = /^[a-z0-9]{1,20}$/;
const RESERVED = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "subject",
  "time",
  "datacontenttype",
  "dataschema",
  "data",
]);
/** Long enough for any name of Kubernetes' (253) with its namespace and path. */
const LONGEST_VALUE = 1024;

/** @throws Fault bug when a value is not portable or the data is not what the catalogue says: our own mistake */
export function makeEvent(parts: EventParts): CloudEvent {
  const { type, source, key, cause, clock } = parts;
  const time = isoTime(clock.now());
  const id = parts.id ?? derivedId(cause === undefined ? [source, time] : [cause.source, cause.id], type.type, key);
  const extensions: Record<string, string> = {};
  if (cause !== undefined && isPortable(cause.id)) extensions["causationid"] = cause.id;
  Object.assign(extensions, parts.extensions);
  extensions["partitionkey"] = key;
  mustBePortable(type, { id, source, ...(parts.subject === undefined ? {} : { subject: parts.subject }) });
  for (const name in extensions) mustBeName(type, name);
  mustBePortable(type, extensions);
  if (type.fits?.(parts.data) !== true) mustBeData(type, parts.data);
  return Object.freeze({
    specversion: "1.0",
    id,
    source,
    type: type.type,
    ...(parts.subject === undefined ? {} : { subject: parts.subject }),
    time,
    datacontenttype: "application/json",
    data: parts.data,
    extensions: Object.freeze(extensions),
  });
}

function mustBeData(type: EventType, data: unknown): void {
  const checked = type.data.safeParse(data);
  if (checked.success) return;
  const [issue] = checked.error.issues;
  const where = ["data", ...(issue?.path ?? [])].join(".");
  throw new Fault("bug", "BadEventData", `${type.type}: ${where}: ${issue?.message ?? "is wrong"}`);
}

function derivedId(from: readonly string[], type: string, key: Key): string {
  return hash("sha256", JSON.stringify([...from, type, key])).slice(0, 32);
}

/** The same few of them are in all events. */
const names = new Set<string>();
const MOST_NAMES = 100;

function mustBeName(type: EventType, name: string): void {
  if (names.has(name)) return;
  if (!EXTENSION_NAME.test(name) || RESERVED.has(name)) {
    throw new Fault("bug", "BadEventAttribute", `${type.type}: "${name}" can't be the name of an extension attribute`);
  }
  if (names.size < MOST_NAMES) names.add(name);
}

function isPortable(value: string): boolean {
  return PORTABLE_VALUE.test(value) && value.length <= LONGEST_VALUE;
}

function mustBePortable(type: EventType, values: Readonly<Record<string, string>>): void {
  // One look at all of them: what joins them is portable, too.
  let joined = "";
  let fit = true;
  for (const name in values) {
    const value = values[name] ?? "";
    fit &&= value !== "" && value.length <= LONGEST_VALUE;
    joined += `,${value}`;
  }
  if (fit && PORTABLE_VALUE.test(joined)) return;
  for (const [name, value] of Object.entries(values)) {
    if (isPortable(value)) continue;
    throw new Fault(
      "bug",
      "BadEventAttribute",
      `${type.type}: ${name} is ${JSON.stringify(value.slice(0, 80))}; allowed are 1 to ${LONGEST_VALUE} of A-Z a-z 0-9 . _ ~ : / @ + , = -`,
    );
  }
}
