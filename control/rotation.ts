/**
 * When certificates change, as a pure function of what there is and the time. An authority is never swapped: its
 * successor is trusted a week before it signs anything, and the one before it until it has expired.
 *
 * ```
 *   made ──► signs ───────────(305 days)──► successor made, trusted beside it ──7 days──► successor signs ──► expired: dropped
 * ```
 */
import {
  CLIENT_AUTH,
  SERVER_AUTH,
  validityOf,
  type Authority,
  type Identity,
  type Wanted,
} from "#events/certificates.ts";
import { isIssuedBy, makeAuthority, openAuthority } from "#events/certificates.ts";
import { CONTROL_URI } from "#events/identities.ts";

const DAY = 86_400_000;
const AUTHORITY_DAYS = 365;
/** Days of an authority's life that are left when its successor is made. */
const SUCCESSOR_DAYS = 60;
/** Days for which a successor is trusted before it signs. Nodes learn the bundle daily, with their certificates. */
const OVERLAP_DAYS = 7;
const CERTIFICATE_DAYS = 90;
/** Days that are left when a certificate is renewed. */
const RENEW_DAYS = 30;

export interface Authorities {
  readonly current: Identity;
  readonly next: Identity | undefined;
  /** Certificates of all that are trusted, the current one's first. */
  readonly trusted: readonly string[];
}

/** PEM of all of them, for `ca.crt` and caBundle. */
export function bundleOf({ trusted }: Pick<Authorities, "trusted">): string {
  return trusted.map((cert) => `${cert.trim()}\n`).join("");
}

export function certificatesIn(bundle: string): readonly string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** What the authorities should be by now; the same object when nothing is to change. */
export async function renewedAuthorities(there: Authorities | undefined, now: Date): Promise<Authorities> {
  if (there === undefined || endOf(there.current.cert) <= now.getTime()) {
    const { cert, key } = await newAuthority(now);
    const current = { cert, key };
    return { current, next: undefined, trusted: [cert] };
  }
  const { current, next, trusted } = there;
  if (next === undefined) {
    if (endOf(current.cert) - now.getTime() > SUCCESSOR_DAYS * DAY) return withoutExpired(there, now);
    const { cert, key } = await newAuthority(now);
    return withoutExpired({ current, next: { cert, key }, trusted: [...trusted, cert] }, now);
  }
  const since = validityOf(next.cert).notBefore.getTime();
  if (now.getTime() - since < OVERLAP_DAYS * DAY) return withoutExpired(there, now);
  const others = trusted.filter((cert) => cert.trim() !== next.cert.trim());
  return withoutExpired({ current: next, next: undefined, trusted: [next.cert, ...others] }, now);
}

function withoutExpired(authorities: Authorities, now: Date): Authorities {
  const trusted = authorities.trusted.filter((cert) => endOf(cert) > now.getTime());
  return trusted.length === authorities.trusted.length ? authorities : { ...authorities, trusted };
}

function newAuthority(now: Date): Promise<Authority> {
  return makeAuthority("virtive-ca", { now, notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY) });
}

/** The identity, or a new one when it is not there, soon over, or of another authority. */
export async function renewedIdentity(
  there: Identity | undefined,
  wanted: Wanted,
  authorities: Authorities,
  now: Date,
): Promise<Identity> {
  const { current } = authorities;
  const soon = now.getTime() + RENEW_DAYS * DAY;
  const good =
    there !== undefined &&
    (endOf(there.cert) > soon || endOf(there.cert) >= endOf(current.cert)) &&
    endOf(there.cert) > now.getTime() &&
    (await isIssuedBy(there.cert, current.cert, now));
  if (good) return there;
  const authority = await openAuthority(current);
  return authority.issue(wanted, new Date(now.getTime() + CERTIFICATE_DAYS * DAY));
}

function endOf(cert: string): number {
  return validityOf(cert).notAfter.getTime();
}

/** What control planes serve with: behind the Service, to the API server and to nodes, and to each other. */
export function servingNames({ service, namespace }: { readonly service: string; readonly namespace: string }): Wanted {
  const inNamespace = `${service}.${namespace}`;
  const names = [service, inNamespace, `${inNamespace}.svc`, `${inNamespace}.svc.cluster.local`, "localhost"];
  return {
    commonName: `${inNamespace}.svc`,
    names: [
      ...names.map((value) => ({ type: "dns", value }) as const),
      { type: "ip", value: "127.0.0.1" },
      { type: "ip", value: "::1" },
      { type: "url", value: CONTROL_URI },
    ],
    usages: [SERVER_AUTH],
  };
}

/** Who control planes are where they call: nodes, and each other. */
export const clientIdentity: Wanted = {
  commonName: "system:virtive:control",
  names: [{ type: "url", value: CONTROL_URI }],
  usages: [CLIENT_AUTH],
};
