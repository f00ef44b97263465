/** Forms of text that Kubernetes and libvirt demand of names and addresses. Pure. */

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Why it is no DNS label (RFC 1123), or undefined. */
export function whyNoLabel(text: string): string | undefined {
  if (text.length <= 63 && LABEL.test(text)) return undefined;
  return "must be a DNS label: lower-case letters, digits and -, beginning and ending with a letter or digit, up to 63";
}

/** Why it is no DNS subdomain (RFC 1123), or undefined. */
export function whyNoSubdomain(text: string): string | undefined {
  if (text.length <= 253 && SUBDOMAIN.test(text)) return undefined;
  return "must be a DNS name: labels of lower-case letters, digits and -, separated by dots, up to 253 characters";
}

/** Why it cannot be the key of a label, or undefined. */
export function whyNoLabelKey(text: string): string | undefined {
  const slash = text.indexOf("/");
  const prefix = slash === -1 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  const good =
    (prefix === undefined || whyNoSubdomain(prefix) === undefined) && name.length <= 63 && QUALIFIED_NAME.test(name);
  return good ? undefined : "must be a label key, such as kubernetes.io/hostname";
}

/** Why it cannot be the value of a label, or undefined. */
export function whyNoLabelValue(text: string): string | undefined {
  if (text === "" || (text.length <= 63 && QUALIFIED_NAME.test(text))) return undefined;
  return "must be a label's value: letters, digits and - _ . inside, up to 63 characters, or empty";
}

/** Why a Service could not name a port so, or undefined. */
export function whyNoPortName(text: string): string | undefined {
  const good = text.length <= 15 && LABEL.test(text) && /[a-z]/.test(text) && !text.includes("--");
  return good
    ? undefined
    : "must be up to 15 lower-case letters, digits and single dashes inside, with at least one letter";
}

export function isMAC(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) || /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/i.test(text);
}

export function isPCIAddress(text: string): boolean {
  return /^[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]$/i.test(text);
}

export function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIPv6(text: string): boolean {
  if (!/^[0-9a-f:.]+$/i.test(text) || text.length > 45) return false;
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded !== null && !isIPv4(embedded[2] ?? "")) return false;
  const groups = (embedded === null ? text : `${embedded[1]}0:0`).split("::");
  if (groups.length > 2) return false;
  const counted = groups.map((half) => (half === "" ? [] : half.split(":")));
  const count = counted.reduce((sum, half) => sum + half.length, 0);
  const wellFormed = counted.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group));
  return wellFormed && (groups.length === 2 ? count < 8 : count === 8);
}

export function isCIDR(text: string, family: 4 | 6): boolean {
  const [address = "", bits = "", more] = text.split("/");
  if (more !== undefined || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  return family === 4 ? isIPv4(address) && Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
}

/** Bytes that base64 text stands for, or undefined when it is none. */
export function base64Bytes(text: string): number | undefined {
  const compact = text.replace(/[\r\n]/g, "");
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return (compact.length / 4) * 3 - (compact.endsWith("==") ? 2 : compact.endsWith("=") ? 1 : 0);
}

export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Why a path inside an image cannot name a file, or undefined. */
export function whyNoFilePath(path: string): string | undefined {
  if (path === "/") return "must name a file, not the root directory";
  const clean = path.startsWith("/") && !path.split("/").some((part) => part === "." || part === "..");
  return clean ? undefined : `must be an absolute path without . and .., such as /disk/image.qcow2; it is ${path}`;
}
