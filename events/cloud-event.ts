/**
 * A CloudEvent (specification 1.0) as our rooms pass it around: a plain frozen value. The npm package `cloudevents` is
 * used behind one door, `events/http.ts`, to read and write it over HTTP.
 */

/** Attribute values that every SDK reads alike; see docs/events.md. Others are refused when an event is made. */
export const PORTABLE_VALUE = /^[A-Za-z0-9._~:/@+,=-]+$/;

export interface CloudEvent<T = unknown> {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** RFC 3339. */
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly data?: T;
  /** Extension attributes, by their lower-case names ([a-z0-9]{1,20}). */
  readonly extensions: Readonly<Record<string, string>>;
}

/** The value of a context attribute or extension by its name, as filters see it; undefined when it is not set. */
export function attribute(event: CloudEvent, name: string): string | undefined {
  switch (name) {
    case "specversion":
    case "id":
    case "source":
    case "type":
    case "subject":
    case "time":
    case "datacontenttype":
    case "dataschema":
      return event[name];
    default:
      return Object.hasOwn(event.extensions, name) ? event.extensions[name] : undefined;
  }
}
