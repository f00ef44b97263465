/** Features of the platform and the guest's clocks. Pure. */
import { element, type Element } from "./element.ts";
import { efiOf } from "./firmware.ts";
import type { DomainParts } from "./parts.ts";
import type { Domain } from "./spec.ts";

type Accelerator = DomainParts["accelerator"];

/** Translated code that QEMU keeps without KVM. Its own default grows with the guest, to a gigabyte. */
export const TCG_CACHE_MIB = 32;

/** A feature that is mentioned is wanted unless it says otherwise. */
function state(feature: { readonly enabled?: boolean | undefined } | undefined): "on" | "off" | undefined {
  return feature === undefined ? undefined : feature.enabled === false ? "off" : "on";
}

export function featuresElement(domain: Domain, accelerator: Accelerator): Element {
  const { features } = domain;
  const smm = state(features?.smm) ?? (efiOf(domain)?.secureBoot === true ? "on" : undefined);
  return element(
    "features",
    {},
    features?.acpi?.enabled !== false && element("acpi"),
    features?.apic?.enabled !== false &&
      element("apic", { eoi: features?.apic?.endOfInterrupt === true ? "on" : undefined }),
    accelerator === "kvm" && kvmFeatures(domain),
    smm !== undefined && element("smm", { state: smm }),
    element("vmport", { state: "off" }),
    accelerator === "tcg" && element("tcg", {}, element("tb-cache", { unit: "MiB" }, String(TCG_CACHE_MIB))),
  );
}

/** What only KVM can give: the Hyper-V interface and KVM's own. Without KVM the guest does not see them. */
function kvmFeatures(domain: Domain): Element[] {
  const { features } = domain;
  const pvspinlock = state(features?.pvspinlock);
  return [
    ...hyperv(domain),
    ...(features?.kvm?.hidden === true ? [element("kvm", {}, element("hidden", { state: "on" }))] : []),
    ...(pvspinlock === undefined ? [] : [element("pvspinlock", { state: pvspinlock })]),
  ];
}

function hyperv(domain: Domain): Element[] {
  const { hyperv: wanted, hypervPassthrough } = domain.features ?? {};
  if (hypervPassthrough !== undefined && hypervPassthrough.enabled !== false) {
    return [element("hyperv", { mode: "passthrough" })];
  }
  if (wanted === undefined) return [];
  const plain = (name: string, feature: { readonly enabled?: boolean | undefined } | undefined): Element[] =>
    feature === undefined ? [] : [element(name, { state: state(feature) })];
  const stimer = wanted.synictimer;
  const tlbflush = wanted.tlbflush;
  const retries = wanted.spinlocks?.spinlocks ?? 4096;
  return [
    element(
      "hyperv",
      {},
      plain("relaxed", wanted.relaxed),
      plain("vapic", wanted.vapic),
      wanted.spinlocks !== undefined &&
        element("spinlocks", {
          state: state(wanted.spinlocks),
          retries: wanted.spinlocks.enabled === false ? undefined : retries,
        }),
      plain("vpindex", wanted.vpindex),
      plain("runtime", wanted.runtime),
      plain("synic", wanted.synic),
      stimer !== undefined &&
        element(
          "stimer",
          { state: state(stimer) },
          stimer.direct !== undefined && element("direct", { state: state(stimer.direct) }),
        ),
      plain("reset", wanted.reset),
      wanted.vendorid !== undefined &&
        element("vendor_id", { state: state(wanted.vendorid), value: wanted.vendorid.vendorid }),
      plain("frequencies", wanted.frequencies),
      plain("reenlightenment", wanted.reenlightenment),
      tlbflush !== undefined && element("tlbflush", { state: state(tlbflush) }),
      plain("ipi", wanted.ipi),
      plain("evmcs", wanted.evmcs),
    ),
  ];
}

/** KubeVirt's names of timers, and libvirt's. */
const TIMERS = { rtc: "rtc", pit: "pit", hpet: "hpet", kvm: "kvmclock", hyperv: "hypervclock" } as const;

/** The clock starts at UTC unless the spec names a timezone or an offset. */
export function clockElement(domain: Domain, accelerator: Accelerator): Element {
  const { clock } = domain;
  const offset = clock?.utc?.offsetSeconds;
  const attributes =
    clock?.timezone !== undefined
      ? { offset: "timezone", timezone: clock.timezone }
      : offset !== undefined
        ? { offset: "variable", adjustment: offset, basis: "utc" }
        : { offset: "utc" };
  return element("clock", attributes, timers(domain, accelerator));
}

function timers(domain: Domain, accelerator: Accelerator): Element[] {
  const wanted = domain.clock?.timer;
  if (wanted === undefined) return [];
  return (["rtc", "pit", "hpet", "kvm", "hyperv"] as const).flatMap((key) => {
    const timer:
      { present?: boolean | undefined; tickPolicy?: string | undefined; track?: string | undefined } | undefined =
      wanted[key];
    const needsKvm = key === "kvm" || key === "hyperv";
    if (timer === undefined || (needsKvm && accelerator !== "kvm")) return [];
    return [
      element("timer", {
        name: TIMERS[key],
        present: timer.present === false ? "no" : "yes",
        tickpolicy: timer.tickPolicy,
        track: timer.track,
      }),
    ];
  });
}
