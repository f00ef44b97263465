/** The string formats that Kubernetes checks in CRDs. A format that is not in the table is not checked, as there. */
import { isIPv4, isIPv6 } from "node:net";

function isCidr(text: string): boolean {
  const slash = text.lastIndexOf("/");
  const address = text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (slash < 0 || !/^\d{1,3}$/.test(prefix)) return false;
  return (isIPv4(address) && Number(prefix) <= 32) || (isIPv6(address) && Number(prefix) <= 128);
}

function isDateTime(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  );
}

/** Go's programs read no other: one such Lease would end their lists of all. */
function isMicroTime(text: string): boolean {
  return isDateTime(text) && /\.\d{6}(Z|[+-]\d{2}:\d{2})$/.test(text);
}

function isUri(text: string): boolean {
  return URL.canParse(text) || text.startsWith("/");
}

const checks = {
  "date-time": isDateTime,
  /** Of core kinds. */
  "micro-time": isMicroTime,
  "date": (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  "duration": (text) => /^-?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$|^0$/.test(text),
  "byte": (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  "email": (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  "hostname": (text) =>
    text.length <= 253 &&
    /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$/.test(text),
  "ipv4": isIPv4,
  "ipv6": isIPv6,
  "cidr": isCidr,
  "mac": (text) => /^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/.test(text),
  "uri": isUri,
  "uuid": (text) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
} as const satisfies Record<string, (text: string) => boolean>;

export function hasFormat(text: string, format: string): boolean {
  return Object.hasOwn(checks, format) ? checks[format as keyof typeof checks](text) : true;
}
