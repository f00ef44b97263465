import { openLibvirtBench, whyNoLibvirt } from "./libvirt-bench.ts";
import { hypervisorSuite } from "./suite.ts";
import { ECHOED } from "./tiny-guest.ts";

hypervisorSuite({ name: "libvirt", skip: whyNoLibvirt(), echoed: ECHOED, open: () => openLibvirtBench() });
