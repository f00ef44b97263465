// Made by scripts/generate/libvirt.ts from protocol/libvirt.json and protocol/qemu.json. Do not edit.
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

export interface NonnullDomain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
}
export const nonnullDomain: Codec<NonnullDomain> = struct<NonnullDomain>({
  name: string(4194304),
  uuid: uuid,
  id: int,
});

export interface NonnullNetwork {
  readonly name: string;
  readonly uuid: string;
}
export const nonnullNetwork: Codec<NonnullNetwork> = struct<NonnullNetwork>({
  name: string(4194304),
  uuid: uuid,
});

export interface NonnullNetworkPort {
  readonly net: NonnullNetwork;
  readonly uuid: string;
}
export const nonnullNetworkPort: Codec<NonnullNetworkPort> = struct<NonnullNetworkPort>({
  net: nonnullNetwork,
  uuid: uuid,
});

export interface NonnullNwfilter {
  readonly name: string;
  readonly uuid: string;
}
export const nonnullNwfilter: Codec<NonnullNwfilter> = struct<NonnullNwfilter>({
  name: string(4194304),
  uuid: uuid,
});

export interface NonnullNwfilterBinding {
  readonly portdev: string;
  readonly filtername: string;
}
export const nonnullNwfilterBinding: Codec<NonnullNwfilterBinding> = struct<NonnullNwfilterBinding>({
  portdev: string(4194304),
  filtername: string(4194304),
});

export interface NonnullInterface {
  readonly name: string;
  readonly mac: string;
}
export const nonnullInterface: Codec<NonnullInterface> = struct<NonnullInterface>({
  name: string(4194304),
  mac: string(4194304),
});

export interface NonnullStoragePool {
  readonly name: string;
  readonly uuid: string;
}
export const nonnullStoragePool: Codec<NonnullStoragePool> = struct<NonnullStoragePool>({
  name: string(4194304),
  uuid: uuid,
});

export interface NonnullStorageVol {
  readonly pool: string;
  readonly name: string;
  readonly key: string;
}
export const nonnullStorageVol: Codec<NonnullStorageVol> = struct<NonnullStorageVol>({
  pool: string(4194304),
  name: string(4194304),
  key: string(4194304),
});

export interface NonnullNodeDevice {
  readonly name: string;
}
export const nonnullNodeDevice: Codec<NonnullNodeDevice> = struct<NonnullNodeDevice>({
  name: string(4194304),
});

export interface NonnullSecret {
  readonly uuid: string;
  readonly usageType: number;
  readonly usageID: string;
}
export const nonnullSecret: Codec<NonnullSecret> = struct<NonnullSecret>({
  uuid: uuid,
  usageType: int,
  usageID: string(4194304),
});

export interface NonnullDomainCheckpoint {
  readonly name: string;
  readonly dom: NonnullDomain;
}
export const nonnullDomainCheckpoint: Codec<NonnullDomainCheckpoint> = struct<NonnullDomainCheckpoint>({
  name: string(4194304),
  dom: nonnullDomain,
});

export interface NonnullDomainSnapshot {
  readonly name: string;
  readonly dom: NonnullDomain;
}
export const nonnullDomainSnapshot: Codec<NonnullDomainSnapshot> = struct<NonnullDomainSnapshot>({
  name: string(4194304),
  dom: nonnullDomain,
});

export interface RemoteError {
  readonly code: number;
  readonly domain: number;
  readonly message?: string | undefined;
  readonly level: number;
  readonly dom?: NonnullDomain | undefined;
  readonly str1?: string | undefined;
  readonly str2?: string | undefined;
  readonly str3?: string | undefined;
  readonly int1: number;
  readonly int2: number;
  readonly net?: NonnullNetwork | undefined;
}
export const remoteError: Codec<RemoteError> = struct<RemoteError>({
  code: int,
  domain: int,
  message: optional(string(4194304)),
  level: int,
  dom: optional(nonnullDomain),
  str1: optional(string(4194304)),
  str2: optional(string(4194304)),
  str3: optional(string(4194304)),
  int1: int,
  int2: int,
  net: optional(nonnullNetwork),
});

export interface VcpuInfo {
  readonly number: number;
  readonly state: number;
  readonly cpuTime: bigint;
  readonly cpu: number;
}
export const vcpuInfo: Codec<VcpuInfo> = struct<VcpuInfo>({
  number: unsignedInt,
  state: int,
  cpuTime: unsignedHyper,
  cpu: int,
});

export type TypedParamValue =
  | { readonly type: 1; readonly value: number }
  | { readonly type: 2; readonly value: number }
  | { readonly type: 3; readonly value: bigint }
  | { readonly type: 4; readonly value: bigint }
  | { readonly type: 5; readonly value: number }
  | { readonly type: 6; readonly value: number }
  | { readonly type: 7; readonly value: string };
export const typedParamValue: Codec<TypedParamValue> = union<TypedParamValue>({
  1: int,
  2: unsignedInt,
  3: hyper,
  4: unsignedHyper,
  5: double,
  6: int,
  7: string(4194304),
});

export interface TypedParam {
  readonly field: string;
  readonly value: TypedParamValue;
}
export const typedParam: Codec<TypedParam> = struct<TypedParam>({
  field: string(4194304),
  value: typedParamValue,
});

export interface NodeGetCpuStats {
  readonly field: string;
  readonly value: bigint;
}
export const nodeGetCpuStats: Codec<NodeGetCpuStats> = struct<NodeGetCpuStats>({
  field: string(4194304),
  value: unsignedHyper,
});

export interface NodeGetMemoryStats {
  readonly field: string;
  readonly value: bigint;
}
export const nodeGetMemoryStats: Codec<NodeGetMemoryStats> = struct<NodeGetMemoryStats>({
  field: string(4194304),
  value: unsignedHyper,
});

export interface DomainDiskError {
  readonly disk: string;
  readonly error: number;
}
export const domainDiskError: Codec<DomainDiskError> = struct<DomainDiskError>({
  disk: string(4194304),
  error: int,
});

export interface ConnectOpenArgs {
  readonly name?: string | undefined;
  readonly flags: number;
}
export const connectOpenArgs: Codec<ConnectOpenArgs> = struct<ConnectOpenArgs>({
  name: optional(string(4194304)),
  flags: unsignedInt,
});

export interface ConnectSupportsFeatureArgs {
  readonly feature: number;
}
export const connectSupportsFeatureArgs: Codec<ConnectSupportsFeatureArgs> = struct<ConnectSupportsFeatureArgs>({
  feature: int,
});

export interface ConnectSupportsFeatureRet {
  readonly supported: number;
}
export const connectSupportsFeatureRet: Codec<ConnectSupportsFeatureRet> = struct<ConnectSupportsFeatureRet>({
  supported: int,
});

export interface ConnectGetTypeRet {
  readonly type: string;
}
export const connectGetTypeRet: Codec<ConnectGetTypeRet> = struct<ConnectGetTypeRet>({
  type: string(4194304),
});

export interface ConnectGetVersionRet {
  readonly hvVer: bigint;
}
export const connectGetVersionRet: Codec<ConnectGetVersionRet> = struct<ConnectGetVersionRet>({
  hvVer: unsignedHyper,
});

export interface ConnectGetLibVersionRet {
  readonly libVer: bigint;
}
export const connectGetLibVersionRet: Codec<ConnectGetLibVersionRet> = struct<ConnectGetLibVersionRet>({
  libVer: unsignedHyper,
});

export interface ConnectGetHostnameRet {
  readonly hostname: string;
}
export const connectGetHostnameRet: Codec<ConnectGetHostnameRet> = struct<ConnectGetHostnameRet>({
  hostname: string(4194304),
});

export interface ConnectGetSysinfoArgs {
  readonly flags: number;
}
export const connectGetSysinfoArgs: Codec<ConnectGetSysinfoArgs> = struct<ConnectGetSysinfoArgs>({
  flags: unsignedInt,
});

export interface ConnectGetSysinfoRet {
  readonly sysinfo: string;
}
export const connectGetSysinfoRet: Codec<ConnectGetSysinfoRet> = struct<ConnectGetSysinfoRet>({
  sysinfo: string(4194304),
});

export interface ConnectGetUriRet {
  readonly uri: string;
}
export const connectGetUriRet: Codec<ConnectGetUriRet> = struct<ConnectGetUriRet>({
  uri: string(4194304),
});

export interface ConnectGetMaxVcpusArgs {
  readonly type?: string | undefined;
}
export const connectGetMaxVcpusArgs: Codec<ConnectGetMaxVcpusArgs> = struct<ConnectGetMaxVcpusArgs>({
  type: optional(string(4194304)),
});

export interface ConnectGetMaxVcpusRet {
  readonly maxVcpus: number;
}
export const connectGetMaxVcpusRet: Codec<ConnectGetMaxVcpusRet> = struct<ConnectGetMaxVcpusRet>({
  maxVcpus: int,
});

export interface NodeGetInfoRet {
  readonly model: string;
  readonly memory: bigint;
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}
export const nodeGetInfoRet: Codec<NodeGetInfoRet> = struct<NodeGetInfoRet>({
  model: characters(32),
  memory: unsignedHyper,
  cpus: int,
  mhz: int,
  nodes: int,
  sockets: int,
  cores: int,
  threads: int,
});

export interface ConnectGetCapabilitiesRet {
  readonly capabilities: string;
}
export const connectGetCapabilitiesRet: Codec<ConnectGetCapabilitiesRet> = struct<ConnectGetCapabilitiesRet>({
  capabilities: string(4194304),
});

export interface ConnectGetDomainCapabilitiesArgs {
  readonly emulatorbin?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  readonly virttype?: string | undefined;
  readonly flags: number;
}
export const connectGetDomainCapabilitiesArgs: Codec<ConnectGetDomainCapabilitiesArgs> = struct<ConnectGetDomainCapabilitiesArgs>({
  emulatorbin: optional(string(4194304)),
  arch: optional(string(4194304)),
  machine: optional(string(4194304)),
  virttype: optional(string(4194304)),
  flags: unsignedInt,
});

export interface ConnectGetDomainCapabilitiesRet {
  readonly capabilities: string;
}
export const connectGetDomainCapabilitiesRet: Codec<ConnectGetDomainCapabilitiesRet> = struct<ConnectGetDomainCapabilitiesRet>({
  capabilities: string(4194304),
});

export interface NodeGetCpuStatsArgs {
  readonly cpuNum: number;
  readonly nparams: number;
  readonly flags: number;
}
export const nodeGetCpuStatsArgs: Codec<NodeGetCpuStatsArgs> = struct<NodeGetCpuStatsArgs>({
  cpuNum: int,
  nparams: int,
  flags: unsignedInt,
});

export interface NodeGetCpuStatsRet {
  readonly params: readonly NodeGetCpuStats[];
  readonly nparams: number;
}
export const nodeGetCpuStatsRet: Codec<NodeGetCpuStatsRet> = struct<NodeGetCpuStatsRet>({
  params: array(nodeGetCpuStats, 16),
  nparams: int,
});

export interface NodeGetMemoryStatsArgs {
  readonly nparams: number;
  readonly cellNum: number;
  readonly flags: number;
}
export const nodeGetMemoryStatsArgs: Codec<NodeGetMemoryStatsArgs> = struct<NodeGetMemoryStatsArgs>({
  nparams: int,
  cellNum: int,
  flags: unsignedInt,
});

export interface NodeGetMemoryStatsRet {
  readonly params: readonly NodeGetMemoryStats[];
  readonly nparams: number;
}
export const nodeGetMemoryStatsRet: Codec<NodeGetMemoryStatsRet> = struct<NodeGetMemoryStatsRet>({
  params: array(nodeGetMemoryStats, 16),
  nparams: int,
});

export interface NodeGetCellsFreeMemoryArgs {
  readonly startCell: number;
  readonly maxcells: number;
}
export const nodeGetCellsFreeMemoryArgs: Codec<NodeGetCellsFreeMemoryArgs> = struct<NodeGetCellsFreeMemoryArgs>({
  startCell: int,
  maxcells: int,
});

export interface NodeGetCellsFreeMemoryRet {
  readonly cells: readonly bigint[];
}
export const nodeGetCellsFreeMemoryRet: Codec<NodeGetCellsFreeMemoryRet> = struct<NodeGetCellsFreeMemoryRet>({
  cells: array(unsignedHyper, 1024),
});

export interface NodeGetFreeMemoryRet {
  readonly freeMem: bigint;
}
export const nodeGetFreeMemoryRet: Codec<NodeGetFreeMemoryRet> = struct<NodeGetFreeMemoryRet>({
  freeMem: unsignedHyper,
});

export interface DomainGetSchedulerTypeArgs {
  readonly dom: NonnullDomain;
}
export const domainGetSchedulerTypeArgs: Codec<DomainGetSchedulerTypeArgs> = struct<DomainGetSchedulerTypeArgs>({
  dom: nonnullDomain,
});

export interface DomainGetSchedulerTypeRet {
  readonly type: string;
  readonly nparams: number;
}
export const domainGetSchedulerTypeRet: Codec<DomainGetSchedulerTypeRet> = struct<DomainGetSchedulerTypeRet>({
  type: string(4194304),
  nparams: int,
});

export interface DomainGetSchedulerParametersArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
}
export const domainGetSchedulerParametersArgs: Codec<DomainGetSchedulerParametersArgs> = struct<DomainGetSchedulerParametersArgs>({
  dom: nonnullDomain,
  nparams: int,
});

export interface DomainGetSchedulerParametersRet {
  readonly params: readonly TypedParam[];
}
export const domainGetSchedulerParametersRet: Codec<DomainGetSchedulerParametersRet> = struct<DomainGetSchedulerParametersRet>({
  params: array(typedParam, 16),
});

export interface DomainGetSchedulerParametersFlagsArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetSchedulerParametersFlagsArgs: Codec<DomainGetSchedulerParametersFlagsArgs> = struct<DomainGetSchedulerParametersFlagsArgs>({
  dom: nonnullDomain,
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetSchedulerParametersFlagsRet {
  readonly params: readonly TypedParam[];
}
export const domainGetSchedulerParametersFlagsRet: Codec<DomainGetSchedulerParametersFlagsRet> = struct<DomainGetSchedulerParametersFlagsRet>({
  params: array(typedParam, 16),
});

export interface DomainSetSchedulerParametersArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
}
export const domainSetSchedulerParametersArgs: Codec<DomainSetSchedulerParametersArgs> = struct<DomainSetSchedulerParametersArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 16),
});

export interface DomainSetSchedulerParametersFlagsArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetSchedulerParametersFlagsArgs: Codec<DomainSetSchedulerParametersFlagsArgs> = struct<DomainSetSchedulerParametersFlagsArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainSetBlkioParametersArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetBlkioParametersArgs: Codec<DomainSetBlkioParametersArgs> = struct<DomainSetBlkioParametersArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainGetBlkioParametersArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetBlkioParametersArgs: Codec<DomainGetBlkioParametersArgs> = struct<DomainGetBlkioParametersArgs>({
  dom: nonnullDomain,
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetBlkioParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetBlkioParametersRet: Codec<DomainGetBlkioParametersRet> = struct<DomainGetBlkioParametersRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface DomainSetMemoryParametersArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetMemoryParametersArgs: Codec<DomainSetMemoryParametersArgs> = struct<DomainSetMemoryParametersArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainGetMemoryParametersArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetMemoryParametersArgs: Codec<DomainGetMemoryParametersArgs> = struct<DomainGetMemoryParametersArgs>({
  dom: nonnullDomain,
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetMemoryParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetMemoryParametersRet: Codec<DomainGetMemoryParametersRet> = struct<DomainGetMemoryParametersRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface DomainBlockResizeArgs {
  readonly dom: NonnullDomain;
  readonly disk: string;
  readonly size: bigint;
  readonly flags: number;
}
export const domainBlockResizeArgs: Codec<DomainBlockResizeArgs> = struct<DomainBlockResizeArgs>({
  dom: nonnullDomain,
  disk: string(4194304),
  size: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainSetNumaParametersArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetNumaParametersArgs: Codec<DomainSetNumaParametersArgs> = struct<DomainSetNumaParametersArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainGetNumaParametersArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetNumaParametersArgs: Codec<DomainGetNumaParametersArgs> = struct<DomainGetNumaParametersArgs>({
  dom: nonnullDomain,
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetNumaParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetNumaParametersRet: Codec<DomainGetNumaParametersRet> = struct<DomainGetNumaParametersRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface DomainSetPerfEventsArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetPerfEventsArgs: Codec<DomainSetPerfEventsArgs> = struct<DomainSetPerfEventsArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface DomainGetPerfEventsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetPerfEventsArgs: Codec<DomainGetPerfEventsArgs> = struct<DomainGetPerfEventsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetPerfEventsRet {
  readonly params: readonly TypedParam[];
}
export const domainGetPerfEventsRet: Codec<DomainGetPerfEventsRet> = struct<DomainGetPerfEventsRet>({
  params: array(typedParam, 64),
});

export interface DomainBlockStatsArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
}
export const domainBlockStatsArgs: Codec<DomainBlockStatsArgs> = struct<DomainBlockStatsArgs>({
  dom: nonnullDomain,
  path: string(4194304),
});

export interface DomainBlockStatsRet {
  readonly rdReq: bigint;
  readonly rdBytes: bigint;
  readonly wrReq: bigint;
  readonly wrBytes: bigint;
  readonly errs: bigint;
}
export const domainBlockStatsRet: Codec<DomainBlockStatsRet> = struct<DomainBlockStatsRet>({
  rdReq: hyper,
  rdBytes: hyper,
  wrReq: hyper,
  wrBytes: hyper,
  errs: hyper,
});

export interface DomainBlockStatsFlagsArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly nparams: number;
  readonly flags: number;
}
export const domainBlockStatsFlagsArgs: Codec<DomainBlockStatsFlagsArgs> = struct<DomainBlockStatsFlagsArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  nparams: int,
  flags: unsignedInt,
});

export interface DomainBlockStatsFlagsRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainBlockStatsFlagsRet: Codec<DomainBlockStatsFlagsRet> = struct<DomainBlockStatsFlagsRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface DomainInterfaceStatsArgs {
  readonly dom: NonnullDomain;
  readonly device: string;
}
export const domainInterfaceStatsArgs: Codec<DomainInterfaceStatsArgs> = struct<DomainInterfaceStatsArgs>({
  dom: nonnullDomain,
  device: string(4194304),
});

export interface DomainInterfaceStatsRet {
  readonly rxBytes: bigint;
  readonly rxPackets: bigint;
  readonly rxErrs: bigint;
  readonly rxDrop: bigint;
  readonly txBytes: bigint;
  readonly txPackets: bigint;
  readonly txErrs: bigint;
  readonly txDrop: bigint;
}
export const domainInterfaceStatsRet: Codec<DomainInterfaceStatsRet> = struct<DomainInterfaceStatsRet>({
  rxBytes: hyper,
  rxPackets: hyper,
  rxErrs: hyper,
  rxDrop: hyper,
  txBytes: hyper,
  txPackets: hyper,
  txErrs: hyper,
  txDrop: hyper,
});

export interface DomainSetInterfaceParametersArgs {
  readonly dom: NonnullDomain;
  readonly device: string;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetInterfaceParametersArgs: Codec<DomainSetInterfaceParametersArgs> = struct<DomainSetInterfaceParametersArgs>({
  dom: nonnullDomain,
  device: string(4194304),
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainGetInterfaceParametersArgs {
  readonly dom: NonnullDomain;
  readonly device: string;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetInterfaceParametersArgs: Codec<DomainGetInterfaceParametersArgs> = struct<DomainGetInterfaceParametersArgs>({
  dom: nonnullDomain,
  device: string(4194304),
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetInterfaceParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetInterfaceParametersRet: Codec<DomainGetInterfaceParametersRet> = struct<DomainGetInterfaceParametersRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface DomainMemoryStatsArgs {
  readonly dom: NonnullDomain;
  readonly maxStats: number;
  readonly flags: number;
}
export const domainMemoryStatsArgs: Codec<DomainMemoryStatsArgs> = struct<DomainMemoryStatsArgs>({
  dom: nonnullDomain,
  maxStats: unsignedInt,
  flags: unsignedInt,
});

export interface DomainMemoryStat {
  readonly tag: number;
  readonly val: bigint;
}
export const domainMemoryStat: Codec<DomainMemoryStat> = struct<DomainMemoryStat>({
  tag: int,
  val: unsignedHyper,
});

export interface DomainMemoryStatsRet {
  readonly stats: readonly DomainMemoryStat[];
}
export const domainMemoryStatsRet: Codec<DomainMemoryStatsRet> = struct<DomainMemoryStatsRet>({
  stats: array(domainMemoryStat, 1024),
});

export interface DomainBlockPeekArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly offset: bigint;
  readonly size: number;
  readonly flags: number;
}
export const domainBlockPeekArgs: Codec<DomainBlockPeekArgs> = struct<DomainBlockPeekArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  offset: unsignedHyper,
  size: unsignedInt,
  flags: unsignedInt,
});

export interface DomainBlockPeekRet {
  readonly buffer: Uint8Array;
}
export const domainBlockPeekRet: Codec<DomainBlockPeekRet> = struct<DomainBlockPeekRet>({
  buffer: bytes(4194304),
});

export interface DomainMemoryPeekArgs {
  readonly dom: NonnullDomain;
  readonly offset: bigint;
  readonly size: number;
  readonly flags: number;
}
export const domainMemoryPeekArgs: Codec<DomainMemoryPeekArgs> = struct<DomainMemoryPeekArgs>({
  dom: nonnullDomain,
  offset: unsignedHyper,
  size: unsignedInt,
  flags: unsignedInt,
});

export interface DomainMemoryPeekRet {
  readonly buffer: Uint8Array;
}
export const domainMemoryPeekRet: Codec<DomainMemoryPeekRet> = struct<DomainMemoryPeekRet>({
  buffer: bytes(4194304),
});

export interface DomainGetBlockInfoArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly flags: number;
}
export const domainGetBlockInfoArgs: Codec<DomainGetBlockInfoArgs> = struct<DomainGetBlockInfoArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  flags: unsignedInt,
});

export interface DomainGetBlockInfoRet {
  readonly allocation: bigint;
  readonly capacity: bigint;
  readonly physical: bigint;
}
export const domainGetBlockInfoRet: Codec<DomainGetBlockInfoRet> = struct<DomainGetBlockInfoRet>({
  allocation: unsignedHyper,
  capacity: unsignedHyper,
  physical: unsignedHyper,
});

export interface ConnectListDomainsArgs {
  readonly maxids: number;
}
export const connectListDomainsArgs: Codec<ConnectListDomainsArgs> = struct<ConnectListDomainsArgs>({
  maxids: int,
});

export interface ConnectListDomainsRet {
  readonly ids: readonly number[];
}
export const connectListDomainsRet: Codec<ConnectListDomainsRet> = struct<ConnectListDomainsRet>({
  ids: array(int, 16384),
});

export interface ConnectNumOfDomainsRet {
  readonly num: number;
}
export const connectNumOfDomainsRet: Codec<ConnectNumOfDomainsRet> = struct<ConnectNumOfDomainsRet>({
  num: int,
});

export interface DomainCreateXmlArgs {
  readonly xmlDesc: string;
  readonly flags: number;
}
export const domainCreateXmlArgs: Codec<DomainCreateXmlArgs> = struct<DomainCreateXmlArgs>({
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface DomainCreateXmlRet {
  readonly dom: NonnullDomain;
}
export const domainCreateXmlRet: Codec<DomainCreateXmlRet> = struct<DomainCreateXmlRet>({
  dom: nonnullDomain,
});

export interface DomainCreateXmlWithFilesArgs {
  readonly xmlDesc: string;
  readonly flags: number;
}
export const domainCreateXmlWithFilesArgs: Codec<DomainCreateXmlWithFilesArgs> = struct<DomainCreateXmlWithFilesArgs>({
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface DomainCreateXmlWithFilesRet {
  readonly dom: NonnullDomain;
}
export const domainCreateXmlWithFilesRet: Codec<DomainCreateXmlWithFilesRet> = struct<DomainCreateXmlWithFilesRet>({
  dom: nonnullDomain,
});

export interface DomainLookupByIdArgs {
  readonly id: number;
}
export const domainLookupByIdArgs: Codec<DomainLookupByIdArgs> = struct<DomainLookupByIdArgs>({
  id: int,
});

export interface DomainLookupByIdRet {
  readonly dom: NonnullDomain;
}
export const domainLookupByIdRet: Codec<DomainLookupByIdRet> = struct<DomainLookupByIdRet>({
  dom: nonnullDomain,
});

export interface DomainLookupByUuidArgs {
  readonly uuid: string;
}
export const domainLookupByUuidArgs: Codec<DomainLookupByUuidArgs> = struct<DomainLookupByUuidArgs>({
  uuid: uuid,
});

export interface DomainLookupByUuidRet {
  readonly dom: NonnullDomain;
}
export const domainLookupByUuidRet: Codec<DomainLookupByUuidRet> = struct<DomainLookupByUuidRet>({
  dom: nonnullDomain,
});

export interface DomainLookupByNameArgs {
  readonly name: string;
}
export const domainLookupByNameArgs: Codec<DomainLookupByNameArgs> = struct<DomainLookupByNameArgs>({
  name: string(4194304),
});

export interface DomainLookupByNameRet {
  readonly dom: NonnullDomain;
}
export const domainLookupByNameRet: Codec<DomainLookupByNameRet> = struct<DomainLookupByNameRet>({
  dom: nonnullDomain,
});

export interface DomainSuspendArgs {
  readonly dom: NonnullDomain;
}
export const domainSuspendArgs: Codec<DomainSuspendArgs> = struct<DomainSuspendArgs>({
  dom: nonnullDomain,
});

export interface DomainResumeArgs {
  readonly dom: NonnullDomain;
}
export const domainResumeArgs: Codec<DomainResumeArgs> = struct<DomainResumeArgs>({
  dom: nonnullDomain,
});

export interface DomainPmSuspendForDurationArgs {
  readonly dom: NonnullDomain;
  readonly target: number;
  readonly duration: bigint;
  readonly flags: number;
}
export const domainPmSuspendForDurationArgs: Codec<DomainPmSuspendForDurationArgs> = struct<DomainPmSuspendForDurationArgs>({
  dom: nonnullDomain,
  target: unsignedInt,
  duration: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainPmWakeupArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainPmWakeupArgs: Codec<DomainPmWakeupArgs> = struct<DomainPmWakeupArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainShutdownArgs {
  readonly dom: NonnullDomain;
}
export const domainShutdownArgs: Codec<DomainShutdownArgs> = struct<DomainShutdownArgs>({
  dom: nonnullDomain,
});

export interface DomainRebootArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainRebootArgs: Codec<DomainRebootArgs> = struct<DomainRebootArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainResetArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainResetArgs: Codec<DomainResetArgs> = struct<DomainResetArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainDestroyArgs {
  readonly dom: NonnullDomain;
}
export const domainDestroyArgs: Codec<DomainDestroyArgs> = struct<DomainDestroyArgs>({
  dom: nonnullDomain,
});

export interface DomainDestroyFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainDestroyFlagsArgs: Codec<DomainDestroyFlagsArgs> = struct<DomainDestroyFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetOsTypeArgs {
  readonly dom: NonnullDomain;
}
export const domainGetOsTypeArgs: Codec<DomainGetOsTypeArgs> = struct<DomainGetOsTypeArgs>({
  dom: nonnullDomain,
});

export interface DomainGetOsTypeRet {
  readonly type: string;
}
export const domainGetOsTypeRet: Codec<DomainGetOsTypeRet> = struct<DomainGetOsTypeRet>({
  type: string(4194304),
});

export interface DomainGetMaxMemoryArgs {
  readonly dom: NonnullDomain;
}
export const domainGetMaxMemoryArgs: Codec<DomainGetMaxMemoryArgs> = struct<DomainGetMaxMemoryArgs>({
  dom: nonnullDomain,
});

export interface DomainGetMaxMemoryRet {
  readonly memory: bigint;
}
export const domainGetMaxMemoryRet: Codec<DomainGetMaxMemoryRet> = struct<DomainGetMaxMemoryRet>({
  memory: unsignedHyper,
});

export interface DomainSetMaxMemoryArgs {
  readonly dom: NonnullDomain;
  readonly memory: bigint;
}
export const domainSetMaxMemoryArgs: Codec<DomainSetMaxMemoryArgs> = struct<DomainSetMaxMemoryArgs>({
  dom: nonnullDomain,
  memory: unsignedHyper,
});

export interface DomainSetMemoryArgs {
  readonly dom: NonnullDomain;
  readonly memory: bigint;
}
export const domainSetMemoryArgs: Codec<DomainSetMemoryArgs> = struct<DomainSetMemoryArgs>({
  dom: nonnullDomain,
  memory: unsignedHyper,
});

export interface DomainSetMemoryFlagsArgs {
  readonly dom: NonnullDomain;
  readonly memory: bigint;
  readonly flags: number;
}
export const domainSetMemoryFlagsArgs: Codec<DomainSetMemoryFlagsArgs> = struct<DomainSetMemoryFlagsArgs>({
  dom: nonnullDomain,
  memory: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainSetMemoryStatsPeriodArgs {
  readonly dom: NonnullDomain;
  readonly period: number;
  readonly flags: number;
}
export const domainSetMemoryStatsPeriodArgs: Codec<DomainSetMemoryStatsPeriodArgs> = struct<DomainSetMemoryStatsPeriodArgs>({
  dom: nonnullDomain,
  period: int,
  flags: unsignedInt,
});

export interface DomainGetInfoArgs {
  readonly dom: NonnullDomain;
}
export const domainGetInfoArgs: Codec<DomainGetInfoArgs> = struct<DomainGetInfoArgs>({
  dom: nonnullDomain,
});

export interface DomainGetInfoRet {
  readonly state: number;
  readonly maxMem: bigint;
  readonly memory: bigint;
  readonly nrVirtCpu: number;
  readonly cpuTime: bigint;
}
export const domainGetInfoRet: Codec<DomainGetInfoRet> = struct<DomainGetInfoRet>({
  state: unsignedChar,
  maxMem: unsignedHyper,
  memory: unsignedHyper,
  nrVirtCpu: unsignedShort,
  cpuTime: unsignedHyper,
});

export interface DomainSaveArgs {
  readonly dom: NonnullDomain;
  readonly to: string;
}
export const domainSaveArgs: Codec<DomainSaveArgs> = struct<DomainSaveArgs>({
  dom: nonnullDomain,
  to: string(4194304),
});

export interface DomainSaveFlagsArgs {
  readonly dom: NonnullDomain;
  readonly to: string;
  readonly dxml?: string | undefined;
  readonly flags: number;
}
export const domainSaveFlagsArgs: Codec<DomainSaveFlagsArgs> = struct<DomainSaveFlagsArgs>({
  dom: nonnullDomain,
  to: string(4194304),
  dxml: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainSaveParamsArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSaveParamsArgs: Codec<DomainSaveParamsArgs> = struct<DomainSaveParamsArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface DomainRestoreArgs {
  readonly from: string;
}
export const domainRestoreArgs: Codec<DomainRestoreArgs> = struct<DomainRestoreArgs>({
  from: string(4194304),
});

export interface DomainRestoreFlagsArgs {
  readonly from: string;
  readonly dxml?: string | undefined;
  readonly flags: number;
}
export const domainRestoreFlagsArgs: Codec<DomainRestoreFlagsArgs> = struct<DomainRestoreFlagsArgs>({
  from: string(4194304),
  dxml: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainRestoreParamsArgs {
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainRestoreParamsArgs: Codec<DomainRestoreParamsArgs> = struct<DomainRestoreParamsArgs>({
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface DomainSaveImageGetXmlDescArgs {
  readonly file: string;
  readonly flags: number;
}
export const domainSaveImageGetXmlDescArgs: Codec<DomainSaveImageGetXmlDescArgs> = struct<DomainSaveImageGetXmlDescArgs>({
  file: string(4194304),
  flags: unsignedInt,
});

export interface DomainSaveImageGetXmlDescRet {
  readonly xml: string;
}
export const domainSaveImageGetXmlDescRet: Codec<DomainSaveImageGetXmlDescRet> = struct<DomainSaveImageGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainSaveImageDefineXmlArgs {
  readonly file: string;
  readonly dxml: string;
  readonly flags: number;
}
export const domainSaveImageDefineXmlArgs: Codec<DomainSaveImageDefineXmlArgs> = struct<DomainSaveImageDefineXmlArgs>({
  file: string(4194304),
  dxml: string(4194304),
  flags: unsignedInt,
});

export interface DomainCoreDumpArgs {
  readonly dom: NonnullDomain;
  readonly to: string;
  readonly flags: number;
}
export const domainCoreDumpArgs: Codec<DomainCoreDumpArgs> = struct<DomainCoreDumpArgs>({
  dom: nonnullDomain,
  to: string(4194304),
  flags: unsignedInt,
});

export interface DomainCoreDumpWithFormatArgs {
  readonly dom: NonnullDomain;
  readonly to: string;
  readonly dumpformat: number;
  readonly flags: number;
}
export const domainCoreDumpWithFormatArgs: Codec<DomainCoreDumpWithFormatArgs> = struct<DomainCoreDumpWithFormatArgs>({
  dom: nonnullDomain,
  to: string(4194304),
  dumpformat: unsignedInt,
  flags: unsignedInt,
});

export interface DomainScreenshotArgs {
  readonly dom: NonnullDomain;
  readonly screen: number;
  readonly flags: number;
}
export const domainScreenshotArgs: Codec<DomainScreenshotArgs> = struct<DomainScreenshotArgs>({
  dom: nonnullDomain,
  screen: unsignedInt,
  flags: unsignedInt,
});

export interface DomainScreenshotRet {
  readonly mime?: string | undefined;
}
export const domainScreenshotRet: Codec<DomainScreenshotRet> = struct<DomainScreenshotRet>({
  mime: optional(string(4194304)),
});

export interface DomainGetXmlDescArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetXmlDescArgs: Codec<DomainGetXmlDescArgs> = struct<DomainGetXmlDescArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetXmlDescRet {
  readonly xml: string;
}
export const domainGetXmlDescRet: Codec<DomainGetXmlDescRet> = struct<DomainGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainMigratePrepareArgs {
  readonly uriIn?: string | undefined;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
}
export const domainMigratePrepareArgs: Codec<DomainMigratePrepareArgs> = struct<DomainMigratePrepareArgs>({
  uriIn: optional(string(4194304)),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
});

export interface DomainMigratePrepareRet {
  readonly cookie: Uint8Array;
  readonly uriOut?: string | undefined;
}
export const domainMigratePrepareRet: Codec<DomainMigratePrepareRet> = struct<DomainMigratePrepareRet>({
  cookie: bytes(4194304),
  uriOut: optional(string(4194304)),
});

export interface DomainMigratePerformArgs {
  readonly dom: NonnullDomain;
  readonly cookie: Uint8Array;
  readonly uri: string;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
}
export const domainMigratePerformArgs: Codec<DomainMigratePerformArgs> = struct<DomainMigratePerformArgs>({
  dom: nonnullDomain,
  cookie: bytes(4194304),
  uri: string(4194304),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
});

export interface DomainMigrateFinishArgs {
  readonly dname: string;
  readonly cookie: Uint8Array;
  readonly uri: string;
  readonly flags: bigint;
}
export const domainMigrateFinishArgs: Codec<DomainMigrateFinishArgs> = struct<DomainMigrateFinishArgs>({
  dname: string(4194304),
  cookie: bytes(4194304),
  uri: string(4194304),
  flags: unsignedHyper,
});

export interface DomainMigrateFinishRet {
  readonly ddom: NonnullDomain;
}
export const domainMigrateFinishRet: Codec<DomainMigrateFinishRet> = struct<DomainMigrateFinishRet>({
  ddom: nonnullDomain,
});

export interface DomainMigratePrepare2Args {
  readonly uriIn?: string | undefined;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
  readonly domXml: string;
}
export const domainMigratePrepare2Args: Codec<DomainMigratePrepare2Args> = struct<DomainMigratePrepare2Args>({
  uriIn: optional(string(4194304)),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
  domXml: string(4194304),
});

export interface DomainMigratePrepare2Ret {
  readonly cookie: Uint8Array;
  readonly uriOut?: string | undefined;
}
export const domainMigratePrepare2Ret: Codec<DomainMigratePrepare2Ret> = struct<DomainMigratePrepare2Ret>({
  cookie: bytes(4194304),
  uriOut: optional(string(4194304)),
});

export interface DomainMigrateFinish2Args {
  readonly dname: string;
  readonly cookie: Uint8Array;
  readonly uri: string;
  readonly flags: bigint;
  readonly retcode: number;
}
export const domainMigrateFinish2Args: Codec<DomainMigrateFinish2Args> = struct<DomainMigrateFinish2Args>({
  dname: string(4194304),
  cookie: bytes(4194304),
  uri: string(4194304),
  flags: unsignedHyper,
  retcode: int,
});

export interface DomainMigrateFinish2Ret {
  readonly ddom: NonnullDomain;
}
export const domainMigrateFinish2Ret: Codec<DomainMigrateFinish2Ret> = struct<DomainMigrateFinish2Ret>({
  ddom: nonnullDomain,
});

export interface ConnectListDefinedDomainsArgs {
  readonly maxnames: number;
}
export const connectListDefinedDomainsArgs: Codec<ConnectListDefinedDomainsArgs> = struct<ConnectListDefinedDomainsArgs>({
  maxnames: int,
});

export interface ConnectListDefinedDomainsRet {
  readonly names: readonly string[];
}
export const connectListDefinedDomainsRet: Codec<ConnectListDefinedDomainsRet> = struct<ConnectListDefinedDomainsRet>({
  names: array(string(4194304), 16384),
});

export interface ConnectNumOfDefinedDomainsRet {
  readonly num: number;
}
export const connectNumOfDefinedDomainsRet: Codec<ConnectNumOfDefinedDomainsRet> = struct<ConnectNumOfDefinedDomainsRet>({
  num: int,
});

export interface DomainCreateArgs {
  readonly dom: NonnullDomain;
}
export const domainCreateArgs: Codec<DomainCreateArgs> = struct<DomainCreateArgs>({
  dom: nonnullDomain,
});

export interface DomainCreateWithFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainCreateWithFlagsArgs: Codec<DomainCreateWithFlagsArgs> = struct<DomainCreateWithFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainCreateWithFlagsRet {
  readonly dom: NonnullDomain;
}
export const domainCreateWithFlagsRet: Codec<DomainCreateWithFlagsRet> = struct<DomainCreateWithFlagsRet>({
  dom: nonnullDomain,
});

export interface DomainCreateWithFilesArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainCreateWithFilesArgs: Codec<DomainCreateWithFilesArgs> = struct<DomainCreateWithFilesArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainCreateWithFilesRet {
  readonly dom: NonnullDomain;
}
export const domainCreateWithFilesRet: Codec<DomainCreateWithFilesRet> = struct<DomainCreateWithFilesRet>({
  dom: nonnullDomain,
});

export interface DomainDefineXmlArgs {
  readonly xml: string;
}
export const domainDefineXmlArgs: Codec<DomainDefineXmlArgs> = struct<DomainDefineXmlArgs>({
  xml: string(4194304),
});

export interface DomainDefineXmlRet {
  readonly dom: NonnullDomain;
}
export const domainDefineXmlRet: Codec<DomainDefineXmlRet> = struct<DomainDefineXmlRet>({
  dom: nonnullDomain,
});

export interface DomainDefineXmlFlagsArgs {
  readonly xml: string;
  readonly flags: number;
}
export const domainDefineXmlFlagsArgs: Codec<DomainDefineXmlFlagsArgs> = struct<DomainDefineXmlFlagsArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface DomainDefineXmlFlagsRet {
  readonly dom: NonnullDomain;
}
export const domainDefineXmlFlagsRet: Codec<DomainDefineXmlFlagsRet> = struct<DomainDefineXmlFlagsRet>({
  dom: nonnullDomain,
});

export interface DomainUndefineArgs {
  readonly dom: NonnullDomain;
}
export const domainUndefineArgs: Codec<DomainUndefineArgs> = struct<DomainUndefineArgs>({
  dom: nonnullDomain,
});

export interface DomainUndefineFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainUndefineFlagsArgs: Codec<DomainUndefineFlagsArgs> = struct<DomainUndefineFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainInjectNmiArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainInjectNmiArgs: Codec<DomainInjectNmiArgs> = struct<DomainInjectNmiArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainSendKeyArgs {
  readonly dom: NonnullDomain;
  readonly codeset: number;
  readonly holdtime: number;
  readonly keycodes: readonly number[];
  readonly flags: number;
}
export const domainSendKeyArgs: Codec<DomainSendKeyArgs> = struct<DomainSendKeyArgs>({
  dom: nonnullDomain,
  codeset: unsignedInt,
  holdtime: unsignedInt,
  keycodes: array(unsignedInt, 16),
  flags: unsignedInt,
});

export interface DomainSendProcessSignalArgs {
  readonly dom: NonnullDomain;
  readonly pidValue: bigint;
  readonly signum: number;
  readonly flags: number;
}
export const domainSendProcessSignalArgs: Codec<DomainSendProcessSignalArgs> = struct<DomainSendProcessSignalArgs>({
  dom: nonnullDomain,
  pidValue: hyper,
  signum: unsignedInt,
  flags: unsignedInt,
});

export interface DomainSetVcpusArgs {
  readonly dom: NonnullDomain;
  readonly nvcpus: number;
}
export const domainSetVcpusArgs: Codec<DomainSetVcpusArgs> = struct<DomainSetVcpusArgs>({
  dom: nonnullDomain,
  nvcpus: unsignedInt,
});

export interface DomainSetVcpusFlagsArgs {
  readonly dom: NonnullDomain;
  readonly nvcpus: number;
  readonly flags: number;
}
export const domainSetVcpusFlagsArgs: Codec<DomainSetVcpusFlagsArgs> = struct<DomainSetVcpusFlagsArgs>({
  dom: nonnullDomain,
  nvcpus: unsignedInt,
  flags: unsignedInt,
});

export interface DomainGetVcpusFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetVcpusFlagsArgs: Codec<DomainGetVcpusFlagsArgs> = struct<DomainGetVcpusFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetVcpusFlagsRet {
  readonly num: number;
}
export const domainGetVcpusFlagsRet: Codec<DomainGetVcpusFlagsRet> = struct<DomainGetVcpusFlagsRet>({
  num: int,
});

export interface DomainPinVcpuArgs {
  readonly dom: NonnullDomain;
  readonly vcpu: number;
  readonly cpumap: Uint8Array;
}
export const domainPinVcpuArgs: Codec<DomainPinVcpuArgs> = struct<DomainPinVcpuArgs>({
  dom: nonnullDomain,
  vcpu: unsignedInt,
  cpumap: bytes(2048),
});

export interface DomainPinVcpuFlagsArgs {
  readonly dom: NonnullDomain;
  readonly vcpu: number;
  readonly cpumap: Uint8Array;
  readonly flags: number;
}
export const domainPinVcpuFlagsArgs: Codec<DomainPinVcpuFlagsArgs> = struct<DomainPinVcpuFlagsArgs>({
  dom: nonnullDomain,
  vcpu: unsignedInt,
  cpumap: bytes(2048),
  flags: unsignedInt,
});

export interface DomainGetVcpuPinInfoArgs {
  readonly dom: NonnullDomain;
  readonly ncpumaps: number;
  readonly maplen: number;
  readonly flags: number;
}
export const domainGetVcpuPinInfoArgs: Codec<DomainGetVcpuPinInfoArgs> = struct<DomainGetVcpuPinInfoArgs>({
  dom: nonnullDomain,
  ncpumaps: int,
  maplen: int,
  flags: unsignedInt,
});

export interface DomainGetVcpuPinInfoRet {
  readonly cpumaps: Uint8Array;
  readonly num: number;
}
export const domainGetVcpuPinInfoRet: Codec<DomainGetVcpuPinInfoRet> = struct<DomainGetVcpuPinInfoRet>({
  cpumaps: bytes(8388608),
  num: int,
});

export interface DomainPinEmulatorArgs {
  readonly dom: NonnullDomain;
  readonly cpumap: Uint8Array;
  readonly flags: number;
}
export const domainPinEmulatorArgs: Codec<DomainPinEmulatorArgs> = struct<DomainPinEmulatorArgs>({
  dom: nonnullDomain,
  cpumap: bytes(2048),
  flags: unsignedInt,
});

export interface DomainGetEmulatorPinInfoArgs {
  readonly dom: NonnullDomain;
  readonly maplen: number;
  readonly flags: number;
}
export const domainGetEmulatorPinInfoArgs: Codec<DomainGetEmulatorPinInfoArgs> = struct<DomainGetEmulatorPinInfoArgs>({
  dom: nonnullDomain,
  maplen: int,
  flags: unsignedInt,
});

export interface DomainGetEmulatorPinInfoRet {
  readonly cpumaps: Uint8Array;
  readonly ret: number;
}
export const domainGetEmulatorPinInfoRet: Codec<DomainGetEmulatorPinInfoRet> = struct<DomainGetEmulatorPinInfoRet>({
  cpumaps: bytes(8388608),
  ret: int,
});

export interface DomainGetVcpusArgs {
  readonly dom: NonnullDomain;
  readonly maxinfo: number;
  readonly maplen: number;
}
export const domainGetVcpusArgs: Codec<DomainGetVcpusArgs> = struct<DomainGetVcpusArgs>({
  dom: nonnullDomain,
  maxinfo: int,
  maplen: int,
});

export interface DomainGetVcpusRet {
  readonly info: readonly VcpuInfo[];
  readonly cpumaps: Uint8Array;
}
export const domainGetVcpusRet: Codec<DomainGetVcpusRet> = struct<DomainGetVcpusRet>({
  info: array(vcpuInfo, 16384),
  cpumaps: bytes(8388608),
});

export interface DomainGetMaxVcpusArgs {
  readonly dom: NonnullDomain;
}
export const domainGetMaxVcpusArgs: Codec<DomainGetMaxVcpusArgs> = struct<DomainGetMaxVcpusArgs>({
  dom: nonnullDomain,
});

export interface DomainGetMaxVcpusRet {
  readonly num: number;
}
export const domainGetMaxVcpusRet: Codec<DomainGetMaxVcpusRet> = struct<DomainGetMaxVcpusRet>({
  num: int,
});

export interface DomainIothreadInfo {
  readonly iothreadId: number;
  readonly cpumap: Uint8Array;
}
export const domainIothreadInfo: Codec<DomainIothreadInfo> = struct<DomainIothreadInfo>({
  iothreadId: unsignedInt,
  cpumap: bytes(2048),
});

export interface DomainGetIothreadInfoArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetIothreadInfoArgs: Codec<DomainGetIothreadInfoArgs> = struct<DomainGetIothreadInfoArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetIothreadInfoRet {
  readonly info: readonly DomainIothreadInfo[];
  readonly ret: number;
}
export const domainGetIothreadInfoRet: Codec<DomainGetIothreadInfoRet> = struct<DomainGetIothreadInfoRet>({
  info: array(domainIothreadInfo, 16384),
  ret: unsignedInt,
});

export interface DomainPinIothreadArgs {
  readonly dom: NonnullDomain;
  readonly iothreadsId: number;
  readonly cpumap: Uint8Array;
  readonly flags: number;
}
export const domainPinIothreadArgs: Codec<DomainPinIothreadArgs> = struct<DomainPinIothreadArgs>({
  dom: nonnullDomain,
  iothreadsId: unsignedInt,
  cpumap: bytes(2048),
  flags: unsignedInt,
});

export interface DomainAddIothreadArgs {
  readonly dom: NonnullDomain;
  readonly iothreadId: number;
  readonly flags: number;
}
export const domainAddIothreadArgs: Codec<DomainAddIothreadArgs> = struct<DomainAddIothreadArgs>({
  dom: nonnullDomain,
  iothreadId: unsignedInt,
  flags: unsignedInt,
});

export interface DomainDelIothreadArgs {
  readonly dom: NonnullDomain;
  readonly iothreadId: number;
  readonly flags: number;
}
export const domainDelIothreadArgs: Codec<DomainDelIothreadArgs> = struct<DomainDelIothreadArgs>({
  dom: nonnullDomain,
  iothreadId: unsignedInt,
  flags: unsignedInt,
});

export interface DomainSetIothreadParamsArgs {
  readonly dom: NonnullDomain;
  readonly iothreadId: number;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetIothreadParamsArgs: Codec<DomainSetIothreadParamsArgs> = struct<DomainSetIothreadParamsArgs>({
  dom: nonnullDomain,
  iothreadId: unsignedInt,
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface DomainGetSecurityLabelArgs {
  readonly dom: NonnullDomain;
}
export const domainGetSecurityLabelArgs: Codec<DomainGetSecurityLabelArgs> = struct<DomainGetSecurityLabelArgs>({
  dom: nonnullDomain,
});

export interface DomainGetSecurityLabelRet {
  readonly label: readonly number[];
  readonly enforcing: number;
}
export const domainGetSecurityLabelRet: Codec<DomainGetSecurityLabelRet> = struct<DomainGetSecurityLabelRet>({
  label: array(char, 4097),
  enforcing: int,
});

export interface DomainGetSecurityLabelListArgs {
  readonly dom: NonnullDomain;
}
export const domainGetSecurityLabelListArgs: Codec<DomainGetSecurityLabelListArgs> = struct<DomainGetSecurityLabelListArgs>({
  dom: nonnullDomain,
});

export interface DomainGetSecurityLabelListRet {
  readonly labels: readonly DomainGetSecurityLabelRet[];
  readonly ret: number;
}
export const domainGetSecurityLabelListRet: Codec<DomainGetSecurityLabelListRet> = struct<DomainGetSecurityLabelListRet>({
  labels: array(domainGetSecurityLabelRet, 64),
  ret: int,
});

export interface NodeGetSecurityModelRet {
  readonly model: readonly number[];
  readonly doi: readonly number[];
}
export const nodeGetSecurityModelRet: Codec<NodeGetSecurityModelRet> = struct<NodeGetSecurityModelRet>({
  model: array(char, 257),
  doi: array(char, 257),
});

export interface DomainAttachDeviceArgs {
  readonly dom: NonnullDomain;
  readonly xml: string;
}
export const domainAttachDeviceArgs: Codec<DomainAttachDeviceArgs> = struct<DomainAttachDeviceArgs>({
  dom: nonnullDomain,
  xml: string(4194304),
});

export interface DomainAttachDeviceFlagsArgs {
  readonly dom: NonnullDomain;
  readonly xml: string;
  readonly flags: number;
}
export const domainAttachDeviceFlagsArgs: Codec<DomainAttachDeviceFlagsArgs> = struct<DomainAttachDeviceFlagsArgs>({
  dom: nonnullDomain,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface DomainDetachDeviceArgs {
  readonly dom: NonnullDomain;
  readonly xml: string;
}
export const domainDetachDeviceArgs: Codec<DomainDetachDeviceArgs> = struct<DomainDetachDeviceArgs>({
  dom: nonnullDomain,
  xml: string(4194304),
});

export interface DomainDetachDeviceFlagsArgs {
  readonly dom: NonnullDomain;
  readonly xml: string;
  readonly flags: number;
}
export const domainDetachDeviceFlagsArgs: Codec<DomainDetachDeviceFlagsArgs> = struct<DomainDetachDeviceFlagsArgs>({
  dom: nonnullDomain,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface DomainUpdateDeviceFlagsArgs {
  readonly dom: NonnullDomain;
  readonly xml: string;
  readonly flags: number;
}
export const domainUpdateDeviceFlagsArgs: Codec<DomainUpdateDeviceFlagsArgs> = struct<DomainUpdateDeviceFlagsArgs>({
  dom: nonnullDomain,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface DomainDetachDeviceAliasArgs {
  readonly dom: NonnullDomain;
  readonly alias: string;
  readonly flags: number;
}
export const domainDetachDeviceAliasArgs: Codec<DomainDetachDeviceAliasArgs> = struct<DomainDetachDeviceAliasArgs>({
  dom: nonnullDomain,
  alias: string(4194304),
  flags: unsignedInt,
});

export interface DomainGetAutostartArgs {
  readonly dom: NonnullDomain;
}
export const domainGetAutostartArgs: Codec<DomainGetAutostartArgs> = struct<DomainGetAutostartArgs>({
  dom: nonnullDomain,
});

export interface DomainGetAutostartRet {
  readonly autostart: number;
}
export const domainGetAutostartRet: Codec<DomainGetAutostartRet> = struct<DomainGetAutostartRet>({
  autostart: int,
});

export interface DomainSetAutostartArgs {
  readonly dom: NonnullDomain;
  readonly autostart: number;
}
export const domainSetAutostartArgs: Codec<DomainSetAutostartArgs> = struct<DomainSetAutostartArgs>({
  dom: nonnullDomain,
  autostart: int,
});

export interface DomainSetMetadataArgs {
  readonly dom: NonnullDomain;
  readonly type: number;
  readonly metadata?: string | undefined;
  readonly key?: string | undefined;
  readonly uri?: string | undefined;
  readonly flags: number;
}
export const domainSetMetadataArgs: Codec<DomainSetMetadataArgs> = struct<DomainSetMetadataArgs>({
  dom: nonnullDomain,
  type: int,
  metadata: optional(string(4194304)),
  key: optional(string(4194304)),
  uri: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainGetMetadataArgs {
  readonly dom: NonnullDomain;
  readonly type: number;
  readonly uri?: string | undefined;
  readonly flags: number;
}
export const domainGetMetadataArgs: Codec<DomainGetMetadataArgs> = struct<DomainGetMetadataArgs>({
  dom: nonnullDomain,
  type: int,
  uri: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainGetMetadataRet {
  readonly metadata: string;
}
export const domainGetMetadataRet: Codec<DomainGetMetadataRet> = struct<DomainGetMetadataRet>({
  metadata: string(4194304),
});

export interface DomainBlockJobAbortArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly flags: number;
}
export const domainBlockJobAbortArgs: Codec<DomainBlockJobAbortArgs> = struct<DomainBlockJobAbortArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  flags: unsignedInt,
});

export interface DomainGetBlockJobInfoArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly flags: number;
}
export const domainGetBlockJobInfoArgs: Codec<DomainGetBlockJobInfoArgs> = struct<DomainGetBlockJobInfoArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  flags: unsignedInt,
});

export interface DomainGetBlockJobInfoRet {
  readonly found: number;
  readonly type: number;
  readonly bandwidth: bigint;
  readonly cur: bigint;
  readonly end: bigint;
}
export const domainGetBlockJobInfoRet: Codec<DomainGetBlockJobInfoRet> = struct<DomainGetBlockJobInfoRet>({
  found: int,
  type: int,
  bandwidth: unsignedHyper,
  cur: unsignedHyper,
  end: unsignedHyper,
});

export interface DomainBlockJobSetSpeedArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly bandwidth: bigint;
  readonly flags: number;
}
export const domainBlockJobSetSpeedArgs: Codec<DomainBlockJobSetSpeedArgs> = struct<DomainBlockJobSetSpeedArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  bandwidth: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainBlockPullArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly bandwidth: bigint;
  readonly flags: number;
}
export const domainBlockPullArgs: Codec<DomainBlockPullArgs> = struct<DomainBlockPullArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  bandwidth: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainBlockRebaseArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly base?: string | undefined;
  readonly bandwidth: bigint;
  readonly flags: number;
}
export const domainBlockRebaseArgs: Codec<DomainBlockRebaseArgs> = struct<DomainBlockRebaseArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  base: optional(string(4194304)),
  bandwidth: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainBlockCopyArgs {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly destxml: string;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainBlockCopyArgs: Codec<DomainBlockCopyArgs> = struct<DomainBlockCopyArgs>({
  dom: nonnullDomain,
  path: string(4194304),
  destxml: string(4194304),
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface DomainBlockCommitArgs {
  readonly dom: NonnullDomain;
  readonly disk: string;
  readonly base?: string | undefined;
  readonly top?: string | undefined;
  readonly bandwidth: bigint;
  readonly flags: number;
}
export const domainBlockCommitArgs: Codec<DomainBlockCommitArgs> = struct<DomainBlockCommitArgs>({
  dom: nonnullDomain,
  disk: string(4194304),
  base: optional(string(4194304)),
  top: optional(string(4194304)),
  bandwidth: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainSetBlockIoTuneArgs {
  readonly dom: NonnullDomain;
  readonly disk: string;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetBlockIoTuneArgs: Codec<DomainSetBlockIoTuneArgs> = struct<DomainSetBlockIoTuneArgs>({
  dom: nonnullDomain,
  disk: string(4194304),
  params: array(typedParam, 32),
  flags: unsignedInt,
});

export interface DomainGetBlockIoTuneArgs {
  readonly dom: NonnullDomain;
  readonly disk?: string | undefined;
  readonly nparams: number;
  readonly flags: number;
}
export const domainGetBlockIoTuneArgs: Codec<DomainGetBlockIoTuneArgs> = struct<DomainGetBlockIoTuneArgs>({
  dom: nonnullDomain,
  disk: optional(string(4194304)),
  nparams: int,
  flags: unsignedInt,
});

export interface DomainGetBlockIoTuneRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetBlockIoTuneRet: Codec<DomainGetBlockIoTuneRet> = struct<DomainGetBlockIoTuneRet>({
  params: array(typedParam, 32),
  nparams: int,
});

export interface DomainSetThrottleGroupArgs {
  readonly dom: NonnullDomain;
  readonly group: string;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetThrottleGroupArgs: Codec<DomainSetThrottleGroupArgs> = struct<DomainSetThrottleGroupArgs>({
  dom: nonnullDomain,
  group: string(4194304),
  params: array(typedParam, 32),
  flags: unsignedInt,
});

export interface DomainDelThrottleGroupArgs {
  readonly dom: NonnullDomain;
  readonly group?: string | undefined;
  readonly flags: number;
}
export const domainDelThrottleGroupArgs: Codec<DomainDelThrottleGroupArgs> = struct<DomainDelThrottleGroupArgs>({
  dom: nonnullDomain,
  group: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainGetCpuStatsArgs {
  readonly dom: NonnullDomain;
  readonly nparams: number;
  readonly startCpu: number;
  readonly ncpus: number;
  readonly flags: number;
}
export const domainGetCpuStatsArgs: Codec<DomainGetCpuStatsArgs> = struct<DomainGetCpuStatsArgs>({
  dom: nonnullDomain,
  nparams: unsignedInt,
  startCpu: int,
  ncpus: unsignedInt,
  flags: unsignedInt,
});

export interface DomainGetCpuStatsRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const domainGetCpuStatsRet: Codec<DomainGetCpuStatsRet> = struct<DomainGetCpuStatsRet>({
  params: array(typedParam, 2048),
  nparams: int,
});

export interface DomainGetHostnameArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetHostnameArgs: Codec<DomainGetHostnameArgs> = struct<DomainGetHostnameArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetHostnameRet {
  readonly hostname: string;
}
export const domainGetHostnameRet: Codec<DomainGetHostnameRet> = struct<DomainGetHostnameRet>({
  hostname: string(4194304),
});

export interface ConnectNumOfNetworksRet {
  readonly num: number;
}
export const connectNumOfNetworksRet: Codec<ConnectNumOfNetworksRet> = struct<ConnectNumOfNetworksRet>({
  num: int,
});

export interface ConnectListNetworksArgs {
  readonly maxnames: number;
}
export const connectListNetworksArgs: Codec<ConnectListNetworksArgs> = struct<ConnectListNetworksArgs>({
  maxnames: int,
});

export interface ConnectListNetworksRet {
  readonly names: readonly string[];
}
export const connectListNetworksRet: Codec<ConnectListNetworksRet> = struct<ConnectListNetworksRet>({
  names: array(string(4194304), 16384),
});

export interface ConnectNumOfDefinedNetworksRet {
  readonly num: number;
}
export const connectNumOfDefinedNetworksRet: Codec<ConnectNumOfDefinedNetworksRet> = struct<ConnectNumOfDefinedNetworksRet>({
  num: int,
});

export interface ConnectListDefinedNetworksArgs {
  readonly maxnames: number;
}
export const connectListDefinedNetworksArgs: Codec<ConnectListDefinedNetworksArgs> = struct<ConnectListDefinedNetworksArgs>({
  maxnames: int,
});

export interface ConnectListDefinedNetworksRet {
  readonly names: readonly string[];
}
export const connectListDefinedNetworksRet: Codec<ConnectListDefinedNetworksRet> = struct<ConnectListDefinedNetworksRet>({
  names: array(string(4194304), 16384),
});

export interface NetworkLookupByUuidArgs {
  readonly uuid: string;
}
export const networkLookupByUuidArgs: Codec<NetworkLookupByUuidArgs> = struct<NetworkLookupByUuidArgs>({
  uuid: uuid,
});

export interface NetworkLookupByUuidRet {
  readonly net: NonnullNetwork;
}
export const networkLookupByUuidRet: Codec<NetworkLookupByUuidRet> = struct<NetworkLookupByUuidRet>({
  net: nonnullNetwork,
});

export interface NetworkLookupByNameArgs {
  readonly name: string;
}
export const networkLookupByNameArgs: Codec<NetworkLookupByNameArgs> = struct<NetworkLookupByNameArgs>({
  name: string(4194304),
});

export interface NetworkLookupByNameRet {
  readonly net: NonnullNetwork;
}
export const networkLookupByNameRet: Codec<NetworkLookupByNameRet> = struct<NetworkLookupByNameRet>({
  net: nonnullNetwork,
});

export interface NetworkCreateXmlArgs {
  readonly xml: string;
}
export const networkCreateXmlArgs: Codec<NetworkCreateXmlArgs> = struct<NetworkCreateXmlArgs>({
  xml: string(4194304),
});

export interface NetworkCreateXmlRet {
  readonly net: NonnullNetwork;
}
export const networkCreateXmlRet: Codec<NetworkCreateXmlRet> = struct<NetworkCreateXmlRet>({
  net: nonnullNetwork,
});

export interface NetworkCreateXmlFlagsArgs {
  readonly xml: string;
  readonly flags: number;
}
export const networkCreateXmlFlagsArgs: Codec<NetworkCreateXmlFlagsArgs> = struct<NetworkCreateXmlFlagsArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NetworkCreateXmlFlagsRet {
  readonly net: NonnullNetwork;
}
export const networkCreateXmlFlagsRet: Codec<NetworkCreateXmlFlagsRet> = struct<NetworkCreateXmlFlagsRet>({
  net: nonnullNetwork,
});

export interface NetworkDefineXmlArgs {
  readonly xml: string;
}
export const networkDefineXmlArgs: Codec<NetworkDefineXmlArgs> = struct<NetworkDefineXmlArgs>({
  xml: string(4194304),
});

export interface NetworkDefineXmlRet {
  readonly net: NonnullNetwork;
}
export const networkDefineXmlRet: Codec<NetworkDefineXmlRet> = struct<NetworkDefineXmlRet>({
  net: nonnullNetwork,
});

export interface NetworkDefineXmlFlagsArgs {
  readonly xml: string;
  readonly flags: number;
}
export const networkDefineXmlFlagsArgs: Codec<NetworkDefineXmlFlagsArgs> = struct<NetworkDefineXmlFlagsArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NetworkDefineXmlFlagsRet {
  readonly net: NonnullNetwork;
}
export const networkDefineXmlFlagsRet: Codec<NetworkDefineXmlFlagsRet> = struct<NetworkDefineXmlFlagsRet>({
  net: nonnullNetwork,
});

export interface NetworkUndefineArgs {
  readonly net: NonnullNetwork;
}
export const networkUndefineArgs: Codec<NetworkUndefineArgs> = struct<NetworkUndefineArgs>({
  net: nonnullNetwork,
});

export interface NetworkUpdateArgs {
  readonly net: NonnullNetwork;
  readonly command: number;
  readonly section: number;
  readonly parentIndex: number;
  readonly xml: string;
  readonly flags: number;
}
export const networkUpdateArgs: Codec<NetworkUpdateArgs> = struct<NetworkUpdateArgs>({
  net: nonnullNetwork,
  command: unsignedInt,
  section: unsignedInt,
  parentIndex: int,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NetworkCreateArgs {
  readonly net: NonnullNetwork;
}
export const networkCreateArgs: Codec<NetworkCreateArgs> = struct<NetworkCreateArgs>({
  net: nonnullNetwork,
});

export interface NetworkDestroyArgs {
  readonly net: NonnullNetwork;
}
export const networkDestroyArgs: Codec<NetworkDestroyArgs> = struct<NetworkDestroyArgs>({
  net: nonnullNetwork,
});

export interface NetworkGetXmlDescArgs {
  readonly net: NonnullNetwork;
  readonly flags: number;
}
export const networkGetXmlDescArgs: Codec<NetworkGetXmlDescArgs> = struct<NetworkGetXmlDescArgs>({
  net: nonnullNetwork,
  flags: unsignedInt,
});

export interface NetworkGetXmlDescRet {
  readonly xml: string;
}
export const networkGetXmlDescRet: Codec<NetworkGetXmlDescRet> = struct<NetworkGetXmlDescRet>({
  xml: string(4194304),
});

export interface NetworkGetBridgeNameArgs {
  readonly net: NonnullNetwork;
}
export const networkGetBridgeNameArgs: Codec<NetworkGetBridgeNameArgs> = struct<NetworkGetBridgeNameArgs>({
  net: nonnullNetwork,
});

export interface NetworkGetBridgeNameRet {
  readonly name: string;
}
export const networkGetBridgeNameRet: Codec<NetworkGetBridgeNameRet> = struct<NetworkGetBridgeNameRet>({
  name: string(4194304),
});

export interface NetworkGetAutostartArgs {
  readonly net: NonnullNetwork;
}
export const networkGetAutostartArgs: Codec<NetworkGetAutostartArgs> = struct<NetworkGetAutostartArgs>({
  net: nonnullNetwork,
});

export interface NetworkGetAutostartRet {
  readonly autostart: number;
}
export const networkGetAutostartRet: Codec<NetworkGetAutostartRet> = struct<NetworkGetAutostartRet>({
  autostart: int,
});

export interface NetworkSetAutostartArgs {
  readonly net: NonnullNetwork;
  readonly autostart: number;
}
export const networkSetAutostartArgs: Codec<NetworkSetAutostartArgs> = struct<NetworkSetAutostartArgs>({
  net: nonnullNetwork,
  autostart: int,
});

export interface ConnectNumOfNwfiltersRet {
  readonly num: number;
}
export const connectNumOfNwfiltersRet: Codec<ConnectNumOfNwfiltersRet> = struct<ConnectNumOfNwfiltersRet>({
  num: int,
});

export interface ConnectListNwfiltersArgs {
  readonly maxnames: number;
}
export const connectListNwfiltersArgs: Codec<ConnectListNwfiltersArgs> = struct<ConnectListNwfiltersArgs>({
  maxnames: int,
});

export interface ConnectListNwfiltersRet {
  readonly names: readonly string[];
}
export const connectListNwfiltersRet: Codec<ConnectListNwfiltersRet> = struct<ConnectListNwfiltersRet>({
  names: array(string(4194304), 16384),
});

export interface NwfilterLookupByUuidArgs {
  readonly uuid: string;
}
export const nwfilterLookupByUuidArgs: Codec<NwfilterLookupByUuidArgs> = struct<NwfilterLookupByUuidArgs>({
  uuid: uuid,
});

export interface NwfilterLookupByUuidRet {
  readonly nwfilter: NonnullNwfilter;
}
export const nwfilterLookupByUuidRet: Codec<NwfilterLookupByUuidRet> = struct<NwfilterLookupByUuidRet>({
  nwfilter: nonnullNwfilter,
});

export interface NwfilterLookupByNameArgs {
  readonly name: string;
}
export const nwfilterLookupByNameArgs: Codec<NwfilterLookupByNameArgs> = struct<NwfilterLookupByNameArgs>({
  name: string(4194304),
});

export interface NwfilterLookupByNameRet {
  readonly nwfilter: NonnullNwfilter;
}
export const nwfilterLookupByNameRet: Codec<NwfilterLookupByNameRet> = struct<NwfilterLookupByNameRet>({
  nwfilter: nonnullNwfilter,
});

export interface NwfilterDefineXmlArgs {
  readonly xml: string;
}
export const nwfilterDefineXmlArgs: Codec<NwfilterDefineXmlArgs> = struct<NwfilterDefineXmlArgs>({
  xml: string(4194304),
});

export interface NwfilterDefineXmlRet {
  readonly nwfilter: NonnullNwfilter;
}
export const nwfilterDefineXmlRet: Codec<NwfilterDefineXmlRet> = struct<NwfilterDefineXmlRet>({
  nwfilter: nonnullNwfilter,
});

export interface NwfilterDefineXmlFlagsArgs {
  readonly xml: string;
  readonly flags: number;
}
export const nwfilterDefineXmlFlagsArgs: Codec<NwfilterDefineXmlFlagsArgs> = struct<NwfilterDefineXmlFlagsArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NwfilterDefineXmlFlagsRet {
  readonly nwfilter: NonnullNwfilter;
}
export const nwfilterDefineXmlFlagsRet: Codec<NwfilterDefineXmlFlagsRet> = struct<NwfilterDefineXmlFlagsRet>({
  nwfilter: nonnullNwfilter,
});

export interface NwfilterUndefineArgs {
  readonly nwfilter: NonnullNwfilter;
}
export const nwfilterUndefineArgs: Codec<NwfilterUndefineArgs> = struct<NwfilterUndefineArgs>({
  nwfilter: nonnullNwfilter,
});

export interface NwfilterGetXmlDescArgs {
  readonly nwfilter: NonnullNwfilter;
  readonly flags: number;
}
export const nwfilterGetXmlDescArgs: Codec<NwfilterGetXmlDescArgs> = struct<NwfilterGetXmlDescArgs>({
  nwfilter: nonnullNwfilter,
  flags: unsignedInt,
});

export interface NwfilterGetXmlDescRet {
  readonly xml: string;
}
export const nwfilterGetXmlDescRet: Codec<NwfilterGetXmlDescRet> = struct<NwfilterGetXmlDescRet>({
  xml: string(4194304),
});

export interface ConnectNumOfInterfacesRet {
  readonly num: number;
}
export const connectNumOfInterfacesRet: Codec<ConnectNumOfInterfacesRet> = struct<ConnectNumOfInterfacesRet>({
  num: int,
});

export interface ConnectListInterfacesArgs {
  readonly maxnames: number;
}
export const connectListInterfacesArgs: Codec<ConnectListInterfacesArgs> = struct<ConnectListInterfacesArgs>({
  maxnames: int,
});

export interface ConnectListInterfacesRet {
  readonly names: readonly string[];
}
export const connectListInterfacesRet: Codec<ConnectListInterfacesRet> = struct<ConnectListInterfacesRet>({
  names: array(string(4194304), 16384),
});

export interface ConnectNumOfDefinedInterfacesRet {
  readonly num: number;
}
export const connectNumOfDefinedInterfacesRet: Codec<ConnectNumOfDefinedInterfacesRet> = struct<ConnectNumOfDefinedInterfacesRet>({
  num: int,
});

export interface ConnectListDefinedInterfacesArgs {
  readonly maxnames: number;
}
export const connectListDefinedInterfacesArgs: Codec<ConnectListDefinedInterfacesArgs> = struct<ConnectListDefinedInterfacesArgs>({
  maxnames: int,
});

export interface ConnectListDefinedInterfacesRet {
  readonly names: readonly string[];
}
export const connectListDefinedInterfacesRet: Codec<ConnectListDefinedInterfacesRet> = struct<ConnectListDefinedInterfacesRet>({
  names: array(string(4194304), 16384),
});

export interface InterfaceLookupByNameArgs {
  readonly name: string;
}
export const interfaceLookupByNameArgs: Codec<InterfaceLookupByNameArgs> = struct<InterfaceLookupByNameArgs>({
  name: string(4194304),
});

export interface InterfaceLookupByNameRet {
  readonly iface: NonnullInterface;
}
export const interfaceLookupByNameRet: Codec<InterfaceLookupByNameRet> = struct<InterfaceLookupByNameRet>({
  iface: nonnullInterface,
});

export interface InterfaceLookupByMacStringArgs {
  readonly mac: string;
}
export const interfaceLookupByMacStringArgs: Codec<InterfaceLookupByMacStringArgs> = struct<InterfaceLookupByMacStringArgs>({
  mac: string(4194304),
});

export interface InterfaceLookupByMacStringRet {
  readonly iface: NonnullInterface;
}
export const interfaceLookupByMacStringRet: Codec<InterfaceLookupByMacStringRet> = struct<InterfaceLookupByMacStringRet>({
  iface: nonnullInterface,
});

export interface InterfaceGetXmlDescArgs {
  readonly iface: NonnullInterface;
  readonly flags: number;
}
export const interfaceGetXmlDescArgs: Codec<InterfaceGetXmlDescArgs> = struct<InterfaceGetXmlDescArgs>({
  iface: nonnullInterface,
  flags: unsignedInt,
});

export interface InterfaceGetXmlDescRet {
  readonly xml: string;
}
export const interfaceGetXmlDescRet: Codec<InterfaceGetXmlDescRet> = struct<InterfaceGetXmlDescRet>({
  xml: string(4194304),
});

export interface InterfaceDefineXmlArgs {
  readonly xml: string;
  readonly flags: number;
}
export const interfaceDefineXmlArgs: Codec<InterfaceDefineXmlArgs> = struct<InterfaceDefineXmlArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface InterfaceDefineXmlRet {
  readonly iface: NonnullInterface;
}
export const interfaceDefineXmlRet: Codec<InterfaceDefineXmlRet> = struct<InterfaceDefineXmlRet>({
  iface: nonnullInterface,
});

export interface InterfaceUndefineArgs {
  readonly iface: NonnullInterface;
}
export const interfaceUndefineArgs: Codec<InterfaceUndefineArgs> = struct<InterfaceUndefineArgs>({
  iface: nonnullInterface,
});

export interface InterfaceCreateArgs {
  readonly iface: NonnullInterface;
  readonly flags: number;
}
export const interfaceCreateArgs: Codec<InterfaceCreateArgs> = struct<InterfaceCreateArgs>({
  iface: nonnullInterface,
  flags: unsignedInt,
});

export interface InterfaceDestroyArgs {
  readonly iface: NonnullInterface;
  readonly flags: number;
}
export const interfaceDestroyArgs: Codec<InterfaceDestroyArgs> = struct<InterfaceDestroyArgs>({
  iface: nonnullInterface,
  flags: unsignedInt,
});

export interface InterfaceChangeBeginArgs {
  readonly flags: number;
}
export const interfaceChangeBeginArgs: Codec<InterfaceChangeBeginArgs> = struct<InterfaceChangeBeginArgs>({
  flags: unsignedInt,
});

export interface InterfaceChangeCommitArgs {
  readonly flags: number;
}
export const interfaceChangeCommitArgs: Codec<InterfaceChangeCommitArgs> = struct<InterfaceChangeCommitArgs>({
  flags: unsignedInt,
});

export interface InterfaceChangeRollbackArgs {
  readonly flags: number;
}
export const interfaceChangeRollbackArgs: Codec<InterfaceChangeRollbackArgs> = struct<InterfaceChangeRollbackArgs>({
  flags: unsignedInt,
});

export interface AuthListRet {
  readonly types: readonly number[];
}
export const authListRet: Codec<AuthListRet> = struct<AuthListRet>({
  types: array(int, 20),
});

export interface AuthSaslInitRet {
  readonly mechlist: string;
}
export const authSaslInitRet: Codec<AuthSaslInitRet> = struct<AuthSaslInitRet>({
  mechlist: string(4194304),
});

export interface AuthSaslStartArgs {
  readonly mech: string;
  readonly nil: number;
  readonly data: readonly number[];
}
export const authSaslStartArgs: Codec<AuthSaslStartArgs> = struct<AuthSaslStartArgs>({
  mech: string(4194304),
  nil: int,
  data: array(char, 65536),
});

export interface AuthSaslStartRet {
  readonly complete: number;
  readonly nil: number;
  readonly data: readonly number[];
}
export const authSaslStartRet: Codec<AuthSaslStartRet> = struct<AuthSaslStartRet>({
  complete: int,
  nil: int,
  data: array(char, 65536),
});

export interface AuthSaslStepArgs {
  readonly nil: number;
  readonly data: readonly number[];
}
export const authSaslStepArgs: Codec<AuthSaslStepArgs> = struct<AuthSaslStepArgs>({
  nil: int,
  data: array(char, 65536),
});

export interface AuthSaslStepRet {
  readonly complete: number;
  readonly nil: number;
  readonly data: readonly number[];
}
export const authSaslStepRet: Codec<AuthSaslStepRet> = struct<AuthSaslStepRet>({
  complete: int,
  nil: int,
  data: array(char, 65536),
});

export interface AuthPolkitRet {
  readonly complete: number;
}
export const authPolkitRet: Codec<AuthPolkitRet> = struct<AuthPolkitRet>({
  complete: int,
});

export interface ConnectNumOfStoragePoolsRet {
  readonly num: number;
}
export const connectNumOfStoragePoolsRet: Codec<ConnectNumOfStoragePoolsRet> = struct<ConnectNumOfStoragePoolsRet>({
  num: int,
});

export interface ConnectListStoragePoolsArgs {
  readonly maxnames: number;
}
export const connectListStoragePoolsArgs: Codec<ConnectListStoragePoolsArgs> = struct<ConnectListStoragePoolsArgs>({
  maxnames: int,
});

export interface ConnectListStoragePoolsRet {
  readonly names: readonly string[];
}
export const connectListStoragePoolsRet: Codec<ConnectListStoragePoolsRet> = struct<ConnectListStoragePoolsRet>({
  names: array(string(4194304), 16384),
});

export interface ConnectNumOfDefinedStoragePoolsRet {
  readonly num: number;
}
export const connectNumOfDefinedStoragePoolsRet: Codec<ConnectNumOfDefinedStoragePoolsRet> = struct<ConnectNumOfDefinedStoragePoolsRet>({
  num: int,
});

export interface ConnectListDefinedStoragePoolsArgs {
  readonly maxnames: number;
}
export const connectListDefinedStoragePoolsArgs: Codec<ConnectListDefinedStoragePoolsArgs> = struct<ConnectListDefinedStoragePoolsArgs>({
  maxnames: int,
});

export interface ConnectListDefinedStoragePoolsRet {
  readonly names: readonly string[];
}
export const connectListDefinedStoragePoolsRet: Codec<ConnectListDefinedStoragePoolsRet> = struct<ConnectListDefinedStoragePoolsRet>({
  names: array(string(4194304), 16384),
});

export interface ConnectFindStoragePoolSourcesArgs {
  readonly type: string;
  readonly srcSpec?: string | undefined;
  readonly flags: number;
}
export const connectFindStoragePoolSourcesArgs: Codec<ConnectFindStoragePoolSourcesArgs> = struct<ConnectFindStoragePoolSourcesArgs>({
  type: string(4194304),
  srcSpec: optional(string(4194304)),
  flags: unsignedInt,
});

export interface ConnectFindStoragePoolSourcesRet {
  readonly xml: string;
}
export const connectFindStoragePoolSourcesRet: Codec<ConnectFindStoragePoolSourcesRet> = struct<ConnectFindStoragePoolSourcesRet>({
  xml: string(4194304),
});

export interface StoragePoolLookupByUuidArgs {
  readonly uuid: string;
}
export const storagePoolLookupByUuidArgs: Codec<StoragePoolLookupByUuidArgs> = struct<StoragePoolLookupByUuidArgs>({
  uuid: uuid,
});

export interface StoragePoolLookupByUuidRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolLookupByUuidRet: Codec<StoragePoolLookupByUuidRet> = struct<StoragePoolLookupByUuidRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolLookupByNameArgs {
  readonly name: string;
}
export const storagePoolLookupByNameArgs: Codec<StoragePoolLookupByNameArgs> = struct<StoragePoolLookupByNameArgs>({
  name: string(4194304),
});

export interface StoragePoolLookupByNameRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolLookupByNameRet: Codec<StoragePoolLookupByNameRet> = struct<StoragePoolLookupByNameRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolLookupByVolumeArgs {
  readonly vol: NonnullStorageVol;
}
export const storagePoolLookupByVolumeArgs: Codec<StoragePoolLookupByVolumeArgs> = struct<StoragePoolLookupByVolumeArgs>({
  vol: nonnullStorageVol,
});

export interface StoragePoolLookupByVolumeRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolLookupByVolumeRet: Codec<StoragePoolLookupByVolumeRet> = struct<StoragePoolLookupByVolumeRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolLookupByTargetPathArgs {
  readonly path: string;
}
export const storagePoolLookupByTargetPathArgs: Codec<StoragePoolLookupByTargetPathArgs> = struct<StoragePoolLookupByTargetPathArgs>({
  path: string(4194304),
});

export interface StoragePoolLookupByTargetPathRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolLookupByTargetPathRet: Codec<StoragePoolLookupByTargetPathRet> = struct<StoragePoolLookupByTargetPathRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolCreateXmlArgs {
  readonly xml: string;
  readonly flags: number;
}
export const storagePoolCreateXmlArgs: Codec<StoragePoolCreateXmlArgs> = struct<StoragePoolCreateXmlArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface StoragePoolCreateXmlRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolCreateXmlRet: Codec<StoragePoolCreateXmlRet> = struct<StoragePoolCreateXmlRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolDefineXmlArgs {
  readonly xml: string;
  readonly flags: number;
}
export const storagePoolDefineXmlArgs: Codec<StoragePoolDefineXmlArgs> = struct<StoragePoolDefineXmlArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface StoragePoolDefineXmlRet {
  readonly pool: NonnullStoragePool;
}
export const storagePoolDefineXmlRet: Codec<StoragePoolDefineXmlRet> = struct<StoragePoolDefineXmlRet>({
  pool: nonnullStoragePool,
});

export interface StoragePoolBuildArgs {
  readonly pool: NonnullStoragePool;
  readonly flags: number;
}
export const storagePoolBuildArgs: Codec<StoragePoolBuildArgs> = struct<StoragePoolBuildArgs>({
  pool: nonnullStoragePool,
  flags: unsignedInt,
});

export interface StoragePoolUndefineArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolUndefineArgs: Codec<StoragePoolUndefineArgs> = struct<StoragePoolUndefineArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolCreateArgs {
  readonly pool: NonnullStoragePool;
  readonly flags: number;
}
export const storagePoolCreateArgs: Codec<StoragePoolCreateArgs> = struct<StoragePoolCreateArgs>({
  pool: nonnullStoragePool,
  flags: unsignedInt,
});

export interface StoragePoolDestroyArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolDestroyArgs: Codec<StoragePoolDestroyArgs> = struct<StoragePoolDestroyArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolDeleteArgs {
  readonly pool: NonnullStoragePool;
  readonly flags: number;
}
export const storagePoolDeleteArgs: Codec<StoragePoolDeleteArgs> = struct<StoragePoolDeleteArgs>({
  pool: nonnullStoragePool,
  flags: unsignedInt,
});

export interface StoragePoolRefreshArgs {
  readonly pool: NonnullStoragePool;
  readonly flags: number;
}
export const storagePoolRefreshArgs: Codec<StoragePoolRefreshArgs> = struct<StoragePoolRefreshArgs>({
  pool: nonnullStoragePool,
  flags: unsignedInt,
});

export interface StoragePoolGetXmlDescArgs {
  readonly pool: NonnullStoragePool;
  readonly flags: number;
}
export const storagePoolGetXmlDescArgs: Codec<StoragePoolGetXmlDescArgs> = struct<StoragePoolGetXmlDescArgs>({
  pool: nonnullStoragePool,
  flags: unsignedInt,
});

export interface StoragePoolGetXmlDescRet {
  readonly xml: string;
}
export const storagePoolGetXmlDescRet: Codec<StoragePoolGetXmlDescRet> = struct<StoragePoolGetXmlDescRet>({
  xml: string(4194304),
});

export interface StoragePoolGetInfoArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolGetInfoArgs: Codec<StoragePoolGetInfoArgs> = struct<StoragePoolGetInfoArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolGetInfoRet {
  readonly state: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
  readonly available: bigint;
}
export const storagePoolGetInfoRet: Codec<StoragePoolGetInfoRet> = struct<StoragePoolGetInfoRet>({
  state: unsignedChar,
  capacity: unsignedHyper,
  allocation: unsignedHyper,
  available: unsignedHyper,
});

export interface StoragePoolGetAutostartArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolGetAutostartArgs: Codec<StoragePoolGetAutostartArgs> = struct<StoragePoolGetAutostartArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolGetAutostartRet {
  readonly autostart: number;
}
export const storagePoolGetAutostartRet: Codec<StoragePoolGetAutostartRet> = struct<StoragePoolGetAutostartRet>({
  autostart: int,
});

export interface StoragePoolSetAutostartArgs {
  readonly pool: NonnullStoragePool;
  readonly autostart: number;
}
export const storagePoolSetAutostartArgs: Codec<StoragePoolSetAutostartArgs> = struct<StoragePoolSetAutostartArgs>({
  pool: nonnullStoragePool,
  autostart: int,
});

export interface StoragePoolNumOfVolumesArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolNumOfVolumesArgs: Codec<StoragePoolNumOfVolumesArgs> = struct<StoragePoolNumOfVolumesArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolNumOfVolumesRet {
  readonly num: number;
}
export const storagePoolNumOfVolumesRet: Codec<StoragePoolNumOfVolumesRet> = struct<StoragePoolNumOfVolumesRet>({
  num: int,
});

export interface StoragePoolListVolumesArgs {
  readonly pool: NonnullStoragePool;
  readonly maxnames: number;
}
export const storagePoolListVolumesArgs: Codec<StoragePoolListVolumesArgs> = struct<StoragePoolListVolumesArgs>({
  pool: nonnullStoragePool,
  maxnames: int,
});

export interface StoragePoolListVolumesRet {
  readonly names: readonly string[];
}
export const storagePoolListVolumesRet: Codec<StoragePoolListVolumesRet> = struct<StoragePoolListVolumesRet>({
  names: array(string(4194304), 16384),
});

export interface StorageVolLookupByNameArgs {
  readonly pool: NonnullStoragePool;
  readonly name: string;
}
export const storageVolLookupByNameArgs: Codec<StorageVolLookupByNameArgs> = struct<StorageVolLookupByNameArgs>({
  pool: nonnullStoragePool,
  name: string(4194304),
});

export interface StorageVolLookupByNameRet {
  readonly vol: NonnullStorageVol;
}
export const storageVolLookupByNameRet: Codec<StorageVolLookupByNameRet> = struct<StorageVolLookupByNameRet>({
  vol: nonnullStorageVol,
});

export interface StorageVolLookupByKeyArgs {
  readonly key: string;
}
export const storageVolLookupByKeyArgs: Codec<StorageVolLookupByKeyArgs> = struct<StorageVolLookupByKeyArgs>({
  key: string(4194304),
});

export interface StorageVolLookupByKeyRet {
  readonly vol: NonnullStorageVol;
}
export const storageVolLookupByKeyRet: Codec<StorageVolLookupByKeyRet> = struct<StorageVolLookupByKeyRet>({
  vol: nonnullStorageVol,
});

export interface StorageVolLookupByPathArgs {
  readonly path: string;
}
export const storageVolLookupByPathArgs: Codec<StorageVolLookupByPathArgs> = struct<StorageVolLookupByPathArgs>({
  path: string(4194304),
});

export interface StorageVolLookupByPathRet {
  readonly vol: NonnullStorageVol;
}
export const storageVolLookupByPathRet: Codec<StorageVolLookupByPathRet> = struct<StorageVolLookupByPathRet>({
  vol: nonnullStorageVol,
});

export interface StorageVolCreateXmlArgs {
  readonly pool: NonnullStoragePool;
  readonly xml: string;
  readonly flags: number;
}
export const storageVolCreateXmlArgs: Codec<StorageVolCreateXmlArgs> = struct<StorageVolCreateXmlArgs>({
  pool: nonnullStoragePool,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface StorageVolCreateXmlRet {
  readonly vol: NonnullStorageVol;
}
export const storageVolCreateXmlRet: Codec<StorageVolCreateXmlRet> = struct<StorageVolCreateXmlRet>({
  vol: nonnullStorageVol,
});

export interface StorageVolCreateXmlFromArgs {
  readonly pool: NonnullStoragePool;
  readonly xml: string;
  readonly clonevol: NonnullStorageVol;
  readonly flags: number;
}
export const storageVolCreateXmlFromArgs: Codec<StorageVolCreateXmlFromArgs> = struct<StorageVolCreateXmlFromArgs>({
  pool: nonnullStoragePool,
  xml: string(4194304),
  clonevol: nonnullStorageVol,
  flags: unsignedInt,
});

export interface StorageVolCreateXmlFromRet {
  readonly vol: NonnullStorageVol;
}
export const storageVolCreateXmlFromRet: Codec<StorageVolCreateXmlFromRet> = struct<StorageVolCreateXmlFromRet>({
  vol: nonnullStorageVol,
});

export interface StorageVolDeleteArgs {
  readonly vol: NonnullStorageVol;
  readonly flags: number;
}
export const storageVolDeleteArgs: Codec<StorageVolDeleteArgs> = struct<StorageVolDeleteArgs>({
  vol: nonnullStorageVol,
  flags: unsignedInt,
});

export interface StorageVolWipeArgs {
  readonly vol: NonnullStorageVol;
  readonly flags: number;
}
export const storageVolWipeArgs: Codec<StorageVolWipeArgs> = struct<StorageVolWipeArgs>({
  vol: nonnullStorageVol,
  flags: unsignedInt,
});

export interface StorageVolWipePatternArgs {
  readonly vol: NonnullStorageVol;
  readonly algorithm: number;
  readonly flags: number;
}
export const storageVolWipePatternArgs: Codec<StorageVolWipePatternArgs> = struct<StorageVolWipePatternArgs>({
  vol: nonnullStorageVol,
  algorithm: unsignedInt,
  flags: unsignedInt,
});

export interface StorageVolGetXmlDescArgs {
  readonly vol: NonnullStorageVol;
  readonly flags: number;
}
export const storageVolGetXmlDescArgs: Codec<StorageVolGetXmlDescArgs> = struct<StorageVolGetXmlDescArgs>({
  vol: nonnullStorageVol,
  flags: unsignedInt,
});

export interface StorageVolGetXmlDescRet {
  readonly xml: string;
}
export const storageVolGetXmlDescRet: Codec<StorageVolGetXmlDescRet> = struct<StorageVolGetXmlDescRet>({
  xml: string(4194304),
});

export interface StorageVolGetInfoArgs {
  readonly vol: NonnullStorageVol;
}
export const storageVolGetInfoArgs: Codec<StorageVolGetInfoArgs> = struct<StorageVolGetInfoArgs>({
  vol: nonnullStorageVol,
});

export interface StorageVolGetInfoRet {
  readonly type: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
}
export const storageVolGetInfoRet: Codec<StorageVolGetInfoRet> = struct<StorageVolGetInfoRet>({
  type: char,
  capacity: unsignedHyper,
  allocation: unsignedHyper,
});

export interface StorageVolGetInfoFlagsArgs {
  readonly vol: NonnullStorageVol;
  readonly flags: number;
}
export const storageVolGetInfoFlagsArgs: Codec<StorageVolGetInfoFlagsArgs> = struct<StorageVolGetInfoFlagsArgs>({
  vol: nonnullStorageVol,
  flags: unsignedInt,
});

export interface StorageVolGetInfoFlagsRet {
  readonly type: number;
  readonly capacity: bigint;
  readonly allocation: bigint;
}
export const storageVolGetInfoFlagsRet: Codec<StorageVolGetInfoFlagsRet> = struct<StorageVolGetInfoFlagsRet>({
  type: char,
  capacity: unsignedHyper,
  allocation: unsignedHyper,
});

export interface StorageVolGetPathArgs {
  readonly vol: NonnullStorageVol;
}
export const storageVolGetPathArgs: Codec<StorageVolGetPathArgs> = struct<StorageVolGetPathArgs>({
  vol: nonnullStorageVol,
});

export interface StorageVolGetPathRet {
  readonly name: string;
}
export const storageVolGetPathRet: Codec<StorageVolGetPathRet> = struct<StorageVolGetPathRet>({
  name: string(4194304),
});

export interface StorageVolResizeArgs {
  readonly vol: NonnullStorageVol;
  readonly capacity: bigint;
  readonly flags: number;
}
export const storageVolResizeArgs: Codec<StorageVolResizeArgs> = struct<StorageVolResizeArgs>({
  vol: nonnullStorageVol,
  capacity: unsignedHyper,
  flags: unsignedInt,
});

export interface NodeNumOfDevicesArgs {
  readonly cap?: string | undefined;
  readonly flags: number;
}
export const nodeNumOfDevicesArgs: Codec<NodeNumOfDevicesArgs> = struct<NodeNumOfDevicesArgs>({
  cap: optional(string(4194304)),
  flags: unsignedInt,
});

export interface NodeNumOfDevicesRet {
  readonly num: number;
}
export const nodeNumOfDevicesRet: Codec<NodeNumOfDevicesRet> = struct<NodeNumOfDevicesRet>({
  num: int,
});

export interface NodeListDevicesArgs {
  readonly cap?: string | undefined;
  readonly maxnames: number;
  readonly flags: number;
}
export const nodeListDevicesArgs: Codec<NodeListDevicesArgs> = struct<NodeListDevicesArgs>({
  cap: optional(string(4194304)),
  maxnames: int,
  flags: unsignedInt,
});

export interface NodeListDevicesRet {
  readonly names: readonly string[];
}
export const nodeListDevicesRet: Codec<NodeListDevicesRet> = struct<NodeListDevicesRet>({
  names: array(string(4194304), 65536),
});

export interface NodeDeviceLookupByNameArgs {
  readonly name: string;
}
export const nodeDeviceLookupByNameArgs: Codec<NodeDeviceLookupByNameArgs> = struct<NodeDeviceLookupByNameArgs>({
  name: string(4194304),
});

export interface NodeDeviceLookupByNameRet {
  readonly dev: NonnullNodeDevice;
}
export const nodeDeviceLookupByNameRet: Codec<NodeDeviceLookupByNameRet> = struct<NodeDeviceLookupByNameRet>({
  dev: nonnullNodeDevice,
});

export interface NodeDeviceLookupScsiHostByWwnArgs {
  readonly wwnn: string;
  readonly wwpn: string;
  readonly flags: number;
}
export const nodeDeviceLookupScsiHostByWwnArgs: Codec<NodeDeviceLookupScsiHostByWwnArgs> = struct<NodeDeviceLookupScsiHostByWwnArgs>({
  wwnn: string(4194304),
  wwpn: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceLookupScsiHostByWwnRet {
  readonly dev: NonnullNodeDevice;
}
export const nodeDeviceLookupScsiHostByWwnRet: Codec<NodeDeviceLookupScsiHostByWwnRet> = struct<NodeDeviceLookupScsiHostByWwnRet>({
  dev: nonnullNodeDevice,
});

export interface NodeDeviceGetXmlDescArgs {
  readonly name: string;
  readonly flags: number;
}
export const nodeDeviceGetXmlDescArgs: Codec<NodeDeviceGetXmlDescArgs> = struct<NodeDeviceGetXmlDescArgs>({
  name: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceGetXmlDescRet {
  readonly xml: string;
}
export const nodeDeviceGetXmlDescRet: Codec<NodeDeviceGetXmlDescRet> = struct<NodeDeviceGetXmlDescRet>({
  xml: string(4194304),
});

export interface NodeDeviceGetParentArgs {
  readonly name: string;
}
export const nodeDeviceGetParentArgs: Codec<NodeDeviceGetParentArgs> = struct<NodeDeviceGetParentArgs>({
  name: string(4194304),
});

export interface NodeDeviceGetParentRet {
  readonly parentName?: string | undefined;
}
export const nodeDeviceGetParentRet: Codec<NodeDeviceGetParentRet> = struct<NodeDeviceGetParentRet>({
  parentName: optional(string(4194304)),
});

export interface NodeDeviceNumOfCapsArgs {
  readonly name: string;
}
export const nodeDeviceNumOfCapsArgs: Codec<NodeDeviceNumOfCapsArgs> = struct<NodeDeviceNumOfCapsArgs>({
  name: string(4194304),
});

export interface NodeDeviceNumOfCapsRet {
  readonly num: number;
}
export const nodeDeviceNumOfCapsRet: Codec<NodeDeviceNumOfCapsRet> = struct<NodeDeviceNumOfCapsRet>({
  num: int,
});

export interface NodeDeviceListCapsArgs {
  readonly name: string;
  readonly maxnames: number;
}
export const nodeDeviceListCapsArgs: Codec<NodeDeviceListCapsArgs> = struct<NodeDeviceListCapsArgs>({
  name: string(4194304),
  maxnames: int,
});

export interface NodeDeviceListCapsRet {
  readonly names: readonly string[];
}
export const nodeDeviceListCapsRet: Codec<NodeDeviceListCapsRet> = struct<NodeDeviceListCapsRet>({
  names: array(string(4194304), 65536),
});

export interface NodeDeviceDettachArgs {
  readonly name: string;
}
export const nodeDeviceDettachArgs: Codec<NodeDeviceDettachArgs> = struct<NodeDeviceDettachArgs>({
  name: string(4194304),
});

export interface NodeDeviceDetachFlagsArgs {
  readonly name: string;
  readonly driverName?: string | undefined;
  readonly flags: number;
}
export const nodeDeviceDetachFlagsArgs: Codec<NodeDeviceDetachFlagsArgs> = struct<NodeDeviceDetachFlagsArgs>({
  name: string(4194304),
  driverName: optional(string(4194304)),
  flags: unsignedInt,
});

export interface NodeDeviceReAttachArgs {
  readonly name: string;
}
export const nodeDeviceReAttachArgs: Codec<NodeDeviceReAttachArgs> = struct<NodeDeviceReAttachArgs>({
  name: string(4194304),
});

export interface NodeDeviceResetArgs {
  readonly name: string;
}
export const nodeDeviceResetArgs: Codec<NodeDeviceResetArgs> = struct<NodeDeviceResetArgs>({
  name: string(4194304),
});

export interface NodeDeviceCreateXmlArgs {
  readonly xmlDesc: string;
  readonly flags: number;
}
export const nodeDeviceCreateXmlArgs: Codec<NodeDeviceCreateXmlArgs> = struct<NodeDeviceCreateXmlArgs>({
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceCreateXmlRet {
  readonly dev: NonnullNodeDevice;
}
export const nodeDeviceCreateXmlRet: Codec<NodeDeviceCreateXmlRet> = struct<NodeDeviceCreateXmlRet>({
  dev: nonnullNodeDevice,
});

export interface NodeDeviceDestroyArgs {
  readonly name: string;
}
export const nodeDeviceDestroyArgs: Codec<NodeDeviceDestroyArgs> = struct<NodeDeviceDestroyArgs>({
  name: string(4194304),
});

export interface NodeDeviceDefineXmlArgs {
  readonly xmlDesc: string;
  readonly flags: number;
}
export const nodeDeviceDefineXmlArgs: Codec<NodeDeviceDefineXmlArgs> = struct<NodeDeviceDefineXmlArgs>({
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceDefineXmlRet {
  readonly dev: NonnullNodeDevice;
}
export const nodeDeviceDefineXmlRet: Codec<NodeDeviceDefineXmlRet> = struct<NodeDeviceDefineXmlRet>({
  dev: nonnullNodeDevice,
});

export interface NodeDeviceUndefineArgs {
  readonly name: string;
  readonly flags: number;
}
export const nodeDeviceUndefineArgs: Codec<NodeDeviceUndefineArgs> = struct<NodeDeviceUndefineArgs>({
  name: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceCreateArgs {
  readonly name: string;
  readonly flags: number;
}
export const nodeDeviceCreateArgs: Codec<NodeDeviceCreateArgs> = struct<NodeDeviceCreateArgs>({
  name: string(4194304),
  flags: unsignedInt,
});

export interface NodeDeviceGetAutostartArgs {
  readonly name: string;
}
export const nodeDeviceGetAutostartArgs: Codec<NodeDeviceGetAutostartArgs> = struct<NodeDeviceGetAutostartArgs>({
  name: string(4194304),
});

export interface NodeDeviceGetAutostartRet {
  readonly autostart: number;
}
export const nodeDeviceGetAutostartRet: Codec<NodeDeviceGetAutostartRet> = struct<NodeDeviceGetAutostartRet>({
  autostart: int,
});

export interface NodeDeviceSetAutostartArgs {
  readonly name: string;
  readonly autostart: number;
}
export const nodeDeviceSetAutostartArgs: Codec<NodeDeviceSetAutostartArgs> = struct<NodeDeviceSetAutostartArgs>({
  name: string(4194304),
  autostart: int,
});

export interface NodeDeviceIsPersistentArgs {
  readonly name: string;
}
export const nodeDeviceIsPersistentArgs: Codec<NodeDeviceIsPersistentArgs> = struct<NodeDeviceIsPersistentArgs>({
  name: string(4194304),
});

export interface NodeDeviceIsPersistentRet {
  readonly persistent: number;
}
export const nodeDeviceIsPersistentRet: Codec<NodeDeviceIsPersistentRet> = struct<NodeDeviceIsPersistentRet>({
  persistent: int,
});

export interface NodeDeviceIsActiveArgs {
  readonly name: string;
}
export const nodeDeviceIsActiveArgs: Codec<NodeDeviceIsActiveArgs> = struct<NodeDeviceIsActiveArgs>({
  name: string(4194304),
});

export interface NodeDeviceIsActiveRet {
  readonly active: number;
}
export const nodeDeviceIsActiveRet: Codec<NodeDeviceIsActiveRet> = struct<NodeDeviceIsActiveRet>({
  active: int,
});

export interface NodeDeviceUpdateArgs {
  readonly name: string;
  readonly xmlDesc: string;
  readonly flags: number;
}
export const nodeDeviceUpdateArgs: Codec<NodeDeviceUpdateArgs> = struct<NodeDeviceUpdateArgs>({
  name: string(4194304),
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface ConnectDomainEventRegisterRet {
  readonly cbRegistered: number;
}
export const connectDomainEventRegisterRet: Codec<ConnectDomainEventRegisterRet> = struct<ConnectDomainEventRegisterRet>({
  cbRegistered: int,
});

export interface ConnectDomainEventDeregisterRet {
  readonly cbRegistered: number;
}
export const connectDomainEventDeregisterRet: Codec<ConnectDomainEventDeregisterRet> = struct<ConnectDomainEventDeregisterRet>({
  cbRegistered: int,
});

export interface DomainEventLifecycleMsg {
  readonly dom: NonnullDomain;
  readonly event: number;
  readonly detail: number;
}
export const domainEventLifecycleMsg: Codec<DomainEventLifecycleMsg> = struct<DomainEventLifecycleMsg>({
  dom: nonnullDomain,
  event: int,
  detail: int,
});

export interface DomainEventCallbackLifecycleMsg {
  readonly callbackID: number;
  readonly msg: DomainEventLifecycleMsg;
}
export const domainEventCallbackLifecycleMsg: Codec<DomainEventCallbackLifecycleMsg> = struct<DomainEventCallbackLifecycleMsg>({
  callbackID: int,
  msg: domainEventLifecycleMsg,
});

export interface ConnectDomainXmlFromNativeArgs {
  readonly nativeFormat: string;
  readonly nativeConfig: string;
  readonly flags: number;
}
export const connectDomainXmlFromNativeArgs: Codec<ConnectDomainXmlFromNativeArgs> = struct<ConnectDomainXmlFromNativeArgs>({
  nativeFormat: string(4194304),
  nativeConfig: string(4194304),
  flags: unsignedInt,
});

export interface ConnectDomainXmlFromNativeRet {
  readonly domainXml: string;
}
export const connectDomainXmlFromNativeRet: Codec<ConnectDomainXmlFromNativeRet> = struct<ConnectDomainXmlFromNativeRet>({
  domainXml: string(4194304),
});

export interface ConnectDomainXmlToNativeArgs {
  readonly nativeFormat: string;
  readonly domainXml: string;
  readonly flags: number;
}
export const connectDomainXmlToNativeArgs: Codec<ConnectDomainXmlToNativeArgs> = struct<ConnectDomainXmlToNativeArgs>({
  nativeFormat: string(4194304),
  domainXml: string(4194304),
  flags: unsignedInt,
});

export interface ConnectDomainXmlToNativeRet {
  readonly nativeConfig: string;
}
export const connectDomainXmlToNativeRet: Codec<ConnectDomainXmlToNativeRet> = struct<ConnectDomainXmlToNativeRet>({
  nativeConfig: string(4194304),
});

export interface ConnectNumOfSecretsRet {
  readonly num: number;
}
export const connectNumOfSecretsRet: Codec<ConnectNumOfSecretsRet> = struct<ConnectNumOfSecretsRet>({
  num: int,
});

export interface ConnectListSecretsArgs {
  readonly maxuuids: number;
}
export const connectListSecretsArgs: Codec<ConnectListSecretsArgs> = struct<ConnectListSecretsArgs>({
  maxuuids: int,
});

export interface ConnectListSecretsRet {
  readonly uuids: readonly string[];
}
export const connectListSecretsRet: Codec<ConnectListSecretsRet> = struct<ConnectListSecretsRet>({
  uuids: array(string(4194304), 16384),
});

export interface SecretLookupByUuidArgs {
  readonly uuid: string;
}
export const secretLookupByUuidArgs: Codec<SecretLookupByUuidArgs> = struct<SecretLookupByUuidArgs>({
  uuid: uuid,
});

export interface SecretLookupByUuidRet {
  readonly secret: NonnullSecret;
}
export const secretLookupByUuidRet: Codec<SecretLookupByUuidRet> = struct<SecretLookupByUuidRet>({
  secret: nonnullSecret,
});

export interface SecretDefineXmlArgs {
  readonly xml: string;
  readonly flags: number;
}
export const secretDefineXmlArgs: Codec<SecretDefineXmlArgs> = struct<SecretDefineXmlArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface SecretDefineXmlRet {
  readonly secret: NonnullSecret;
}
export const secretDefineXmlRet: Codec<SecretDefineXmlRet> = struct<SecretDefineXmlRet>({
  secret: nonnullSecret,
});

export interface SecretGetXmlDescArgs {
  readonly secret: NonnullSecret;
  readonly flags: number;
}
export const secretGetXmlDescArgs: Codec<SecretGetXmlDescArgs> = struct<SecretGetXmlDescArgs>({
  secret: nonnullSecret,
  flags: unsignedInt,
});

export interface SecretGetXmlDescRet {
  readonly xml: string;
}
export const secretGetXmlDescRet: Codec<SecretGetXmlDescRet> = struct<SecretGetXmlDescRet>({
  xml: string(4194304),
});

export interface SecretSetValueArgs {
  readonly secret: NonnullSecret;
  readonly value: Uint8Array;
  readonly flags: number;
}
export const secretSetValueArgs: Codec<SecretSetValueArgs> = struct<SecretSetValueArgs>({
  secret: nonnullSecret,
  value: bytes(65536),
  flags: unsignedInt,
});

export interface SecretGetValueArgs {
  readonly secret: NonnullSecret;
  readonly flags: number;
}
export const secretGetValueArgs: Codec<SecretGetValueArgs> = struct<SecretGetValueArgs>({
  secret: nonnullSecret,
  flags: unsignedInt,
});

export interface SecretGetValueRet {
  readonly value: Uint8Array;
}
export const secretGetValueRet: Codec<SecretGetValueRet> = struct<SecretGetValueRet>({
  value: bytes(65536),
});

export interface SecretUndefineArgs {
  readonly secret: NonnullSecret;
}
export const secretUndefineArgs: Codec<SecretUndefineArgs> = struct<SecretUndefineArgs>({
  secret: nonnullSecret,
});

export interface SecretLookupByUsageArgs {
  readonly usageType: number;
  readonly usageID: string;
}
export const secretLookupByUsageArgs: Codec<SecretLookupByUsageArgs> = struct<SecretLookupByUsageArgs>({
  usageType: int,
  usageID: string(4194304),
});

export interface SecretLookupByUsageRet {
  readonly secret: NonnullSecret;
}
export const secretLookupByUsageRet: Codec<SecretLookupByUsageRet> = struct<SecretLookupByUsageRet>({
  secret: nonnullSecret,
});

export interface DomainMigratePrepareTunnelArgs {
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
  readonly domXml: string;
}
export const domainMigratePrepareTunnelArgs: Codec<DomainMigratePrepareTunnelArgs> = struct<DomainMigratePrepareTunnelArgs>({
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
  domXml: string(4194304),
});

export interface ConnectIsSecureRet {
  readonly secure: number;
}
export const connectIsSecureRet: Codec<ConnectIsSecureRet> = struct<ConnectIsSecureRet>({
  secure: int,
});

export interface DomainIsActiveArgs {
  readonly dom: NonnullDomain;
}
export const domainIsActiveArgs: Codec<DomainIsActiveArgs> = struct<DomainIsActiveArgs>({
  dom: nonnullDomain,
});

export interface DomainIsActiveRet {
  readonly active: number;
}
export const domainIsActiveRet: Codec<DomainIsActiveRet> = struct<DomainIsActiveRet>({
  active: int,
});

export interface DomainIsPersistentArgs {
  readonly dom: NonnullDomain;
}
export const domainIsPersistentArgs: Codec<DomainIsPersistentArgs> = struct<DomainIsPersistentArgs>({
  dom: nonnullDomain,
});

export interface DomainIsPersistentRet {
  readonly persistent: number;
}
export const domainIsPersistentRet: Codec<DomainIsPersistentRet> = struct<DomainIsPersistentRet>({
  persistent: int,
});

export interface DomainIsUpdatedArgs {
  readonly dom: NonnullDomain;
}
export const domainIsUpdatedArgs: Codec<DomainIsUpdatedArgs> = struct<DomainIsUpdatedArgs>({
  dom: nonnullDomain,
});

export interface DomainIsUpdatedRet {
  readonly updated: number;
}
export const domainIsUpdatedRet: Codec<DomainIsUpdatedRet> = struct<DomainIsUpdatedRet>({
  updated: int,
});

export interface NetworkIsActiveArgs {
  readonly net: NonnullNetwork;
}
export const networkIsActiveArgs: Codec<NetworkIsActiveArgs> = struct<NetworkIsActiveArgs>({
  net: nonnullNetwork,
});

export interface NetworkIsActiveRet {
  readonly active: number;
}
export const networkIsActiveRet: Codec<NetworkIsActiveRet> = struct<NetworkIsActiveRet>({
  active: int,
});

export interface NetworkIsPersistentArgs {
  readonly net: NonnullNetwork;
}
export const networkIsPersistentArgs: Codec<NetworkIsPersistentArgs> = struct<NetworkIsPersistentArgs>({
  net: nonnullNetwork,
});

export interface NetworkIsPersistentRet {
  readonly persistent: number;
}
export const networkIsPersistentRet: Codec<NetworkIsPersistentRet> = struct<NetworkIsPersistentRet>({
  persistent: int,
});

export interface StoragePoolIsActiveArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolIsActiveArgs: Codec<StoragePoolIsActiveArgs> = struct<StoragePoolIsActiveArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolIsActiveRet {
  readonly active: number;
}
export const storagePoolIsActiveRet: Codec<StoragePoolIsActiveRet> = struct<StoragePoolIsActiveRet>({
  active: int,
});

export interface StoragePoolIsPersistentArgs {
  readonly pool: NonnullStoragePool;
}
export const storagePoolIsPersistentArgs: Codec<StoragePoolIsPersistentArgs> = struct<StoragePoolIsPersistentArgs>({
  pool: nonnullStoragePool,
});

export interface StoragePoolIsPersistentRet {
  readonly persistent: number;
}
export const storagePoolIsPersistentRet: Codec<StoragePoolIsPersistentRet> = struct<StoragePoolIsPersistentRet>({
  persistent: int,
});

export interface InterfaceIsActiveArgs {
  readonly iface: NonnullInterface;
}
export const interfaceIsActiveArgs: Codec<InterfaceIsActiveArgs> = struct<InterfaceIsActiveArgs>({
  iface: nonnullInterface,
});

export interface InterfaceIsActiveRet {
  readonly active: number;
}
export const interfaceIsActiveRet: Codec<InterfaceIsActiveRet> = struct<InterfaceIsActiveRet>({
  active: int,
});

export interface ConnectCompareCpuArgs {
  readonly xml: string;
  readonly flags: number;
}
export const connectCompareCpuArgs: Codec<ConnectCompareCpuArgs> = struct<ConnectCompareCpuArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface ConnectCompareCpuRet {
  readonly result: number;
}
export const connectCompareCpuRet: Codec<ConnectCompareCpuRet> = struct<ConnectCompareCpuRet>({
  result: int,
});

export interface ConnectBaselineCpuArgs {
  readonly xmlCPUs: readonly string[];
  readonly flags: number;
}
export const connectBaselineCpuArgs: Codec<ConnectBaselineCpuArgs> = struct<ConnectBaselineCpuArgs>({
  xmlCPUs: array(string(4194304), 256),
  flags: unsignedInt,
});

export interface ConnectBaselineCpuRet {
  readonly cpu: string;
}
export const connectBaselineCpuRet: Codec<ConnectBaselineCpuRet> = struct<ConnectBaselineCpuRet>({
  cpu: string(4194304),
});

export interface DomainGetJobInfoArgs {
  readonly dom: NonnullDomain;
}
export const domainGetJobInfoArgs: Codec<DomainGetJobInfoArgs> = struct<DomainGetJobInfoArgs>({
  dom: nonnullDomain,
});

export interface DomainGetJobInfoRet {
  readonly type: number;
  readonly timeElapsed: bigint;
  readonly timeRemaining: bigint;
  readonly dataTotal: bigint;
  readonly dataProcessed: bigint;
  readonly dataRemaining: bigint;
  readonly memTotal: bigint;
  readonly memProcessed: bigint;
  readonly memRemaining: bigint;
  readonly fileTotal: bigint;
  readonly fileProcessed: bigint;
  readonly fileRemaining: bigint;
}
export const domainGetJobInfoRet: Codec<DomainGetJobInfoRet> = struct<DomainGetJobInfoRet>({
  type: int,
  timeElapsed: unsignedHyper,
  timeRemaining: unsignedHyper,
  dataTotal: unsignedHyper,
  dataProcessed: unsignedHyper,
  dataRemaining: unsignedHyper,
  memTotal: unsignedHyper,
  memProcessed: unsignedHyper,
  memRemaining: unsignedHyper,
  fileTotal: unsignedHyper,
  fileProcessed: unsignedHyper,
  fileRemaining: unsignedHyper,
});

export interface DomainGetJobStatsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetJobStatsArgs: Codec<DomainGetJobStatsArgs> = struct<DomainGetJobStatsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetJobStatsRet {
  readonly type: number;
  readonly params: readonly TypedParam[];
}
export const domainGetJobStatsRet: Codec<DomainGetJobStatsRet> = struct<DomainGetJobStatsRet>({
  type: int,
  params: array(typedParam, 64),
});

export interface DomainAbortJobArgs {
  readonly dom: NonnullDomain;
}
export const domainAbortJobArgs: Codec<DomainAbortJobArgs> = struct<DomainAbortJobArgs>({
  dom: nonnullDomain,
});

export interface DomainAbortJobFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainAbortJobFlagsArgs: Codec<DomainAbortJobFlagsArgs> = struct<DomainAbortJobFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainMigrateGetMaxDowntimeArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainMigrateGetMaxDowntimeArgs: Codec<DomainMigrateGetMaxDowntimeArgs> = struct<DomainMigrateGetMaxDowntimeArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainMigrateGetMaxDowntimeRet {
  readonly downtime: bigint;
}
export const domainMigrateGetMaxDowntimeRet: Codec<DomainMigrateGetMaxDowntimeRet> = struct<DomainMigrateGetMaxDowntimeRet>({
  downtime: unsignedHyper,
});

export interface DomainMigrateSetMaxDowntimeArgs {
  readonly dom: NonnullDomain;
  readonly downtime: bigint;
  readonly flags: number;
}
export const domainMigrateSetMaxDowntimeArgs: Codec<DomainMigrateSetMaxDowntimeArgs> = struct<DomainMigrateSetMaxDowntimeArgs>({
  dom: nonnullDomain,
  downtime: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainMigrateGetCompressionCacheArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainMigrateGetCompressionCacheArgs: Codec<DomainMigrateGetCompressionCacheArgs> = struct<DomainMigrateGetCompressionCacheArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainMigrateGetCompressionCacheRet {
  readonly cacheSize: bigint;
}
export const domainMigrateGetCompressionCacheRet: Codec<DomainMigrateGetCompressionCacheRet> = struct<DomainMigrateGetCompressionCacheRet>({
  cacheSize: unsignedHyper,
});

export interface DomainMigrateSetCompressionCacheArgs {
  readonly dom: NonnullDomain;
  readonly cacheSize: bigint;
  readonly flags: number;
}
export const domainMigrateSetCompressionCacheArgs: Codec<DomainMigrateSetCompressionCacheArgs> = struct<DomainMigrateSetCompressionCacheArgs>({
  dom: nonnullDomain,
  cacheSize: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainMigrateSetMaxSpeedArgs {
  readonly dom: NonnullDomain;
  readonly bandwidth: bigint;
  readonly flags: number;
}
export const domainMigrateSetMaxSpeedArgs: Codec<DomainMigrateSetMaxSpeedArgs> = struct<DomainMigrateSetMaxSpeedArgs>({
  dom: nonnullDomain,
  bandwidth: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainMigrateGetMaxSpeedArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainMigrateGetMaxSpeedArgs: Codec<DomainMigrateGetMaxSpeedArgs> = struct<DomainMigrateGetMaxSpeedArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainMigrateGetMaxSpeedRet {
  readonly bandwidth: bigint;
}
export const domainMigrateGetMaxSpeedRet: Codec<DomainMigrateGetMaxSpeedRet> = struct<DomainMigrateGetMaxSpeedRet>({
  bandwidth: unsignedHyper,
});

export interface ConnectDomainEventRegisterAnyArgs {
  readonly eventID: number;
}
export const connectDomainEventRegisterAnyArgs: Codec<ConnectDomainEventRegisterAnyArgs> = struct<ConnectDomainEventRegisterAnyArgs>({
  eventID: int,
});

export interface ConnectDomainEventDeregisterAnyArgs {
  readonly eventID: number;
}
export const connectDomainEventDeregisterAnyArgs: Codec<ConnectDomainEventDeregisterAnyArgs> = struct<ConnectDomainEventDeregisterAnyArgs>({
  eventID: int,
});

export interface ConnectDomainEventCallbackRegisterAnyArgs {
  readonly eventID: number;
  readonly dom?: NonnullDomain | undefined;
}
export const connectDomainEventCallbackRegisterAnyArgs: Codec<ConnectDomainEventCallbackRegisterAnyArgs> = struct<ConnectDomainEventCallbackRegisterAnyArgs>({
  eventID: int,
  dom: optional(nonnullDomain),
});

export interface ConnectDomainEventCallbackRegisterAnyRet {
  readonly callbackID: number;
}
export const connectDomainEventCallbackRegisterAnyRet: Codec<ConnectDomainEventCallbackRegisterAnyRet> = struct<ConnectDomainEventCallbackRegisterAnyRet>({
  callbackID: int,
});

export interface ConnectDomainEventCallbackDeregisterAnyArgs {
  readonly callbackID: number;
}
export const connectDomainEventCallbackDeregisterAnyArgs: Codec<ConnectDomainEventCallbackDeregisterAnyArgs> = struct<ConnectDomainEventCallbackDeregisterAnyArgs>({
  callbackID: int,
});

export interface DomainEventRebootMsg {
  readonly dom: NonnullDomain;
}
export const domainEventRebootMsg: Codec<DomainEventRebootMsg> = struct<DomainEventRebootMsg>({
  dom: nonnullDomain,
});

export interface DomainEventCallbackRebootMsg {
  readonly callbackID: number;
  readonly msg: DomainEventRebootMsg;
}
export const domainEventCallbackRebootMsg: Codec<DomainEventCallbackRebootMsg> = struct<DomainEventCallbackRebootMsg>({
  callbackID: int,
  msg: domainEventRebootMsg,
});

export interface DomainEventRtcChangeMsg {
  readonly dom: NonnullDomain;
  readonly offset: bigint;
}
export const domainEventRtcChangeMsg: Codec<DomainEventRtcChangeMsg> = struct<DomainEventRtcChangeMsg>({
  dom: nonnullDomain,
  offset: hyper,
});

export interface DomainEventCallbackRtcChangeMsg {
  readonly callbackID: number;
  readonly msg: DomainEventRtcChangeMsg;
}
export const domainEventCallbackRtcChangeMsg: Codec<DomainEventCallbackRtcChangeMsg> = struct<DomainEventCallbackRtcChangeMsg>({
  callbackID: int,
  msg: domainEventRtcChangeMsg,
});

export interface DomainEventWatchdogMsg {
  readonly dom: NonnullDomain;
  readonly action: number;
}
export const domainEventWatchdogMsg: Codec<DomainEventWatchdogMsg> = struct<DomainEventWatchdogMsg>({
  dom: nonnullDomain,
  action: int,
});

export interface DomainEventCallbackWatchdogMsg {
  readonly callbackID: number;
  readonly msg: DomainEventWatchdogMsg;
}
export const domainEventCallbackWatchdogMsg: Codec<DomainEventCallbackWatchdogMsg> = struct<DomainEventCallbackWatchdogMsg>({
  callbackID: int,
  msg: domainEventWatchdogMsg,
});

export interface DomainEventIoErrorMsg {
  readonly dom: NonnullDomain;
  readonly srcPath: string;
  readonly devAlias: string;
  readonly action: number;
}
export const domainEventIoErrorMsg: Codec<DomainEventIoErrorMsg> = struct<DomainEventIoErrorMsg>({
  dom: nonnullDomain,
  srcPath: string(4194304),
  devAlias: string(4194304),
  action: int,
});

export interface DomainEventCallbackIoErrorMsg {
  readonly callbackID: number;
  readonly msg: DomainEventIoErrorMsg;
}
export const domainEventCallbackIoErrorMsg: Codec<DomainEventCallbackIoErrorMsg> = struct<DomainEventCallbackIoErrorMsg>({
  callbackID: int,
  msg: domainEventIoErrorMsg,
});

export interface DomainEventIoErrorReasonMsg {
  readonly dom: NonnullDomain;
  readonly srcPath: string;
  readonly devAlias: string;
  readonly action: number;
  readonly reason: string;
}
export const domainEventIoErrorReasonMsg: Codec<DomainEventIoErrorReasonMsg> = struct<DomainEventIoErrorReasonMsg>({
  dom: nonnullDomain,
  srcPath: string(4194304),
  devAlias: string(4194304),
  action: int,
  reason: string(4194304),
});

export interface DomainEventCallbackIoErrorReasonMsg {
  readonly callbackID: number;
  readonly msg: DomainEventIoErrorReasonMsg;
}
export const domainEventCallbackIoErrorReasonMsg: Codec<DomainEventCallbackIoErrorReasonMsg> = struct<DomainEventCallbackIoErrorReasonMsg>({
  callbackID: int,
  msg: domainEventIoErrorReasonMsg,
});

export interface DomainEventGraphicsAddress {
  readonly family: number;
  readonly node: string;
  readonly service: string;
}
export const domainEventGraphicsAddress: Codec<DomainEventGraphicsAddress> = struct<DomainEventGraphicsAddress>({
  family: int,
  node: string(4194304),
  service: string(4194304),
});

export interface DomainEventGraphicsIdentity {
  readonly type: string;
  readonly name: string;
}
export const domainEventGraphicsIdentity: Codec<DomainEventGraphicsIdentity> = struct<DomainEventGraphicsIdentity>({
  type: string(4194304),
  name: string(4194304),
});

export interface DomainEventGraphicsMsg {
  readonly dom: NonnullDomain;
  readonly phase: number;
  readonly local: DomainEventGraphicsAddress;
  readonly remote: DomainEventGraphicsAddress;
  readonly authScheme: string;
  readonly subject: readonly DomainEventGraphicsIdentity[];
}
export const domainEventGraphicsMsg: Codec<DomainEventGraphicsMsg> = struct<DomainEventGraphicsMsg>({
  dom: nonnullDomain,
  phase: int,
  local: domainEventGraphicsAddress,
  remote: domainEventGraphicsAddress,
  authScheme: string(4194304),
  subject: array(domainEventGraphicsIdentity, 20),
});

export interface DomainEventCallbackGraphicsMsg {
  readonly callbackID: number;
  readonly msg: DomainEventGraphicsMsg;
}
export const domainEventCallbackGraphicsMsg: Codec<DomainEventCallbackGraphicsMsg> = struct<DomainEventCallbackGraphicsMsg>({
  callbackID: int,
  msg: domainEventGraphicsMsg,
});

export interface DomainEventBlockJobMsg {
  readonly dom: NonnullDomain;
  readonly path: string;
  readonly type: number;
  readonly status: number;
}
export const domainEventBlockJobMsg: Codec<DomainEventBlockJobMsg> = struct<DomainEventBlockJobMsg>({
  dom: nonnullDomain,
  path: string(4194304),
  type: int,
  status: int,
});

export interface DomainEventCallbackBlockJobMsg {
  readonly callbackID: number;
  readonly msg: DomainEventBlockJobMsg;
}
export const domainEventCallbackBlockJobMsg: Codec<DomainEventCallbackBlockJobMsg> = struct<DomainEventCallbackBlockJobMsg>({
  callbackID: int,
  msg: domainEventBlockJobMsg,
});

export interface DomainEventDiskChangeMsg {
  readonly dom: NonnullDomain;
  readonly oldSrcPath?: string | undefined;
  readonly newSrcPath?: string | undefined;
  readonly devAlias: string;
  readonly reason: number;
}
export const domainEventDiskChangeMsg: Codec<DomainEventDiskChangeMsg> = struct<DomainEventDiskChangeMsg>({
  dom: nonnullDomain,
  oldSrcPath: optional(string(4194304)),
  newSrcPath: optional(string(4194304)),
  devAlias: string(4194304),
  reason: int,
});

export interface DomainEventCallbackDiskChangeMsg {
  readonly callbackID: number;
  readonly msg: DomainEventDiskChangeMsg;
}
export const domainEventCallbackDiskChangeMsg: Codec<DomainEventCallbackDiskChangeMsg> = struct<DomainEventCallbackDiskChangeMsg>({
  callbackID: int,
  msg: domainEventDiskChangeMsg,
});

export interface DomainEventTrayChangeMsg {
  readonly dom: NonnullDomain;
  readonly devAlias: string;
  readonly reason: number;
}
export const domainEventTrayChangeMsg: Codec<DomainEventTrayChangeMsg> = struct<DomainEventTrayChangeMsg>({
  dom: nonnullDomain,
  devAlias: string(4194304),
  reason: int,
});

export interface DomainEventCallbackTrayChangeMsg {
  readonly callbackID: number;
  readonly msg: DomainEventTrayChangeMsg;
}
export const domainEventCallbackTrayChangeMsg: Codec<DomainEventCallbackTrayChangeMsg> = struct<DomainEventCallbackTrayChangeMsg>({
  callbackID: int,
  msg: domainEventTrayChangeMsg,
});

export interface DomainEventPmwakeupMsg {
  readonly dom: NonnullDomain;
}
export const domainEventPmwakeupMsg: Codec<DomainEventPmwakeupMsg> = struct<DomainEventPmwakeupMsg>({
  dom: nonnullDomain,
});

export interface DomainEventCallbackPmwakeupMsg {
  readonly callbackID: number;
  readonly reason: number;
  readonly msg: DomainEventPmwakeupMsg;
}
export const domainEventCallbackPmwakeupMsg: Codec<DomainEventCallbackPmwakeupMsg> = struct<DomainEventCallbackPmwakeupMsg>({
  callbackID: int,
  reason: int,
  msg: domainEventPmwakeupMsg,
});

export interface DomainEventPmsuspendMsg {
  readonly dom: NonnullDomain;
}
export const domainEventPmsuspendMsg: Codec<DomainEventPmsuspendMsg> = struct<DomainEventPmsuspendMsg>({
  dom: nonnullDomain,
});

export interface DomainEventCallbackPmsuspendMsg {
  readonly callbackID: number;
  readonly reason: number;
  readonly msg: DomainEventPmsuspendMsg;
}
export const domainEventCallbackPmsuspendMsg: Codec<DomainEventCallbackPmsuspendMsg> = struct<DomainEventCallbackPmsuspendMsg>({
  callbackID: int,
  reason: int,
  msg: domainEventPmsuspendMsg,
});

export interface DomainEventBalloonChangeMsg {
  readonly dom: NonnullDomain;
  readonly actual: bigint;
}
export const domainEventBalloonChangeMsg: Codec<DomainEventBalloonChangeMsg> = struct<DomainEventBalloonChangeMsg>({
  dom: nonnullDomain,
  actual: unsignedHyper,
});

export interface DomainEventCallbackBalloonChangeMsg {
  readonly callbackID: number;
  readonly msg: DomainEventBalloonChangeMsg;
}
export const domainEventCallbackBalloonChangeMsg: Codec<DomainEventCallbackBalloonChangeMsg> = struct<DomainEventCallbackBalloonChangeMsg>({
  callbackID: int,
  msg: domainEventBalloonChangeMsg,
});

export interface DomainEventPmsuspendDiskMsg {
  readonly dom: NonnullDomain;
}
export const domainEventPmsuspendDiskMsg: Codec<DomainEventPmsuspendDiskMsg> = struct<DomainEventPmsuspendDiskMsg>({
  dom: nonnullDomain,
});

export interface DomainEventCallbackPmsuspendDiskMsg {
  readonly callbackID: number;
  readonly reason: number;
  readonly msg: DomainEventPmsuspendDiskMsg;
}
export const domainEventCallbackPmsuspendDiskMsg: Codec<DomainEventCallbackPmsuspendDiskMsg> = struct<DomainEventCallbackPmsuspendDiskMsg>({
  callbackID: int,
  reason: int,
  msg: domainEventPmsuspendDiskMsg,
});

export interface DomainManagedSaveArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainManagedSaveArgs: Codec<DomainManagedSaveArgs> = struct<DomainManagedSaveArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainHasManagedSaveImageArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainHasManagedSaveImageArgs: Codec<DomainHasManagedSaveImageArgs> = struct<DomainHasManagedSaveImageArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainHasManagedSaveImageRet {
  readonly result: number;
}
export const domainHasManagedSaveImageRet: Codec<DomainHasManagedSaveImageRet> = struct<DomainHasManagedSaveImageRet>({
  result: int,
});

export interface DomainManagedSaveRemoveArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainManagedSaveRemoveArgs: Codec<DomainManagedSaveRemoveArgs> = struct<DomainManagedSaveRemoveArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainManagedSaveGetXmlDescArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainManagedSaveGetXmlDescArgs: Codec<DomainManagedSaveGetXmlDescArgs> = struct<DomainManagedSaveGetXmlDescArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainManagedSaveGetXmlDescRet {
  readonly xml: string;
}
export const domainManagedSaveGetXmlDescRet: Codec<DomainManagedSaveGetXmlDescRet> = struct<DomainManagedSaveGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainManagedSaveDefineXmlArgs {
  readonly dom: NonnullDomain;
  readonly dxml?: string | undefined;
  readonly flags: number;
}
export const domainManagedSaveDefineXmlArgs: Codec<DomainManagedSaveDefineXmlArgs> = struct<DomainManagedSaveDefineXmlArgs>({
  dom: nonnullDomain,
  dxml: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainSnapshotCreateXmlArgs {
  readonly dom: NonnullDomain;
  readonly xmlDesc: string;
  readonly flags: number;
}
export const domainSnapshotCreateXmlArgs: Codec<DomainSnapshotCreateXmlArgs> = struct<DomainSnapshotCreateXmlArgs>({
  dom: nonnullDomain,
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface DomainSnapshotCreateXmlRet {
  readonly snap: NonnullDomainSnapshot;
}
export const domainSnapshotCreateXmlRet: Codec<DomainSnapshotCreateXmlRet> = struct<DomainSnapshotCreateXmlRet>({
  snap: nonnullDomainSnapshot,
});

export interface DomainSnapshotGetXmlDescArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotGetXmlDescArgs: Codec<DomainSnapshotGetXmlDescArgs> = struct<DomainSnapshotGetXmlDescArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotGetXmlDescRet {
  readonly xml: string;
}
export const domainSnapshotGetXmlDescRet: Codec<DomainSnapshotGetXmlDescRet> = struct<DomainSnapshotGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainSnapshotNumArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainSnapshotNumArgs: Codec<DomainSnapshotNumArgs> = struct<DomainSnapshotNumArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainSnapshotNumRet {
  readonly num: number;
}
export const domainSnapshotNumRet: Codec<DomainSnapshotNumRet> = struct<DomainSnapshotNumRet>({
  num: int,
});

export interface DomainSnapshotListNamesArgs {
  readonly dom: NonnullDomain;
  readonly maxnames: number;
  readonly flags: number;
}
export const domainSnapshotListNamesArgs: Codec<DomainSnapshotListNamesArgs> = struct<DomainSnapshotListNamesArgs>({
  dom: nonnullDomain,
  maxnames: int,
  flags: unsignedInt,
});

export interface DomainSnapshotListNamesRet {
  readonly names: readonly string[];
}
export const domainSnapshotListNamesRet: Codec<DomainSnapshotListNamesRet> = struct<DomainSnapshotListNamesRet>({
  names: array(string(4194304), 16384),
});

export interface DomainListAllSnapshotsArgs {
  readonly dom: NonnullDomain;
  readonly needResults: number;
  readonly flags: number;
}
export const domainListAllSnapshotsArgs: Codec<DomainListAllSnapshotsArgs> = struct<DomainListAllSnapshotsArgs>({
  dom: nonnullDomain,
  needResults: int,
  flags: unsignedInt,
});

export interface DomainListAllSnapshotsRet {
  readonly snapshots: readonly NonnullDomainSnapshot[];
  readonly ret: number;
}
export const domainListAllSnapshotsRet: Codec<DomainListAllSnapshotsRet> = struct<DomainListAllSnapshotsRet>({
  snapshots: array(nonnullDomainSnapshot, 16384),
  ret: int,
});

export interface DomainSnapshotNumChildrenArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotNumChildrenArgs: Codec<DomainSnapshotNumChildrenArgs> = struct<DomainSnapshotNumChildrenArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotNumChildrenRet {
  readonly num: number;
}
export const domainSnapshotNumChildrenRet: Codec<DomainSnapshotNumChildrenRet> = struct<DomainSnapshotNumChildrenRet>({
  num: int,
});

export interface DomainSnapshotListChildrenNamesArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly maxnames: number;
  readonly flags: number;
}
export const domainSnapshotListChildrenNamesArgs: Codec<DomainSnapshotListChildrenNamesArgs> = struct<DomainSnapshotListChildrenNamesArgs>({
  snap: nonnullDomainSnapshot,
  maxnames: int,
  flags: unsignedInt,
});

export interface DomainSnapshotListChildrenNamesRet {
  readonly names: readonly string[];
}
export const domainSnapshotListChildrenNamesRet: Codec<DomainSnapshotListChildrenNamesRet> = struct<DomainSnapshotListChildrenNamesRet>({
  names: array(string(4194304), 16384),
});

export interface DomainSnapshotListAllChildrenArgs {
  readonly snapshot: NonnullDomainSnapshot;
  readonly needResults: number;
  readonly flags: number;
}
export const domainSnapshotListAllChildrenArgs: Codec<DomainSnapshotListAllChildrenArgs> = struct<DomainSnapshotListAllChildrenArgs>({
  snapshot: nonnullDomainSnapshot,
  needResults: int,
  flags: unsignedInt,
});

export interface DomainSnapshotListAllChildrenRet {
  readonly snapshots: readonly NonnullDomainSnapshot[];
  readonly ret: number;
}
export const domainSnapshotListAllChildrenRet: Codec<DomainSnapshotListAllChildrenRet> = struct<DomainSnapshotListAllChildrenRet>({
  snapshots: array(nonnullDomainSnapshot, 16384),
  ret: int,
});

export interface DomainSnapshotLookupByNameArgs {
  readonly dom: NonnullDomain;
  readonly name: string;
  readonly flags: number;
}
export const domainSnapshotLookupByNameArgs: Codec<DomainSnapshotLookupByNameArgs> = struct<DomainSnapshotLookupByNameArgs>({
  dom: nonnullDomain,
  name: string(4194304),
  flags: unsignedInt,
});

export interface DomainSnapshotLookupByNameRet {
  readonly snap: NonnullDomainSnapshot;
}
export const domainSnapshotLookupByNameRet: Codec<DomainSnapshotLookupByNameRet> = struct<DomainSnapshotLookupByNameRet>({
  snap: nonnullDomainSnapshot,
});

export interface DomainHasCurrentSnapshotArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainHasCurrentSnapshotArgs: Codec<DomainHasCurrentSnapshotArgs> = struct<DomainHasCurrentSnapshotArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainHasCurrentSnapshotRet {
  readonly result: number;
}
export const domainHasCurrentSnapshotRet: Codec<DomainHasCurrentSnapshotRet> = struct<DomainHasCurrentSnapshotRet>({
  result: int,
});

export interface DomainSnapshotGetParentArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotGetParentArgs: Codec<DomainSnapshotGetParentArgs> = struct<DomainSnapshotGetParentArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotGetParentRet {
  readonly snap: NonnullDomainSnapshot;
}
export const domainSnapshotGetParentRet: Codec<DomainSnapshotGetParentRet> = struct<DomainSnapshotGetParentRet>({
  snap: nonnullDomainSnapshot,
});

export interface DomainSnapshotCurrentArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainSnapshotCurrentArgs: Codec<DomainSnapshotCurrentArgs> = struct<DomainSnapshotCurrentArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainSnapshotCurrentRet {
  readonly snap: NonnullDomainSnapshot;
}
export const domainSnapshotCurrentRet: Codec<DomainSnapshotCurrentRet> = struct<DomainSnapshotCurrentRet>({
  snap: nonnullDomainSnapshot,
});

export interface DomainSnapshotIsCurrentArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotIsCurrentArgs: Codec<DomainSnapshotIsCurrentArgs> = struct<DomainSnapshotIsCurrentArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotIsCurrentRet {
  readonly current: number;
}
export const domainSnapshotIsCurrentRet: Codec<DomainSnapshotIsCurrentRet> = struct<DomainSnapshotIsCurrentRet>({
  current: int,
});

export interface DomainSnapshotHasMetadataArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotHasMetadataArgs: Codec<DomainSnapshotHasMetadataArgs> = struct<DomainSnapshotHasMetadataArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotHasMetadataRet {
  readonly metadata: number;
}
export const domainSnapshotHasMetadataRet: Codec<DomainSnapshotHasMetadataRet> = struct<DomainSnapshotHasMetadataRet>({
  metadata: int,
});

export interface DomainRevertToSnapshotArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainRevertToSnapshotArgs: Codec<DomainRevertToSnapshotArgs> = struct<DomainRevertToSnapshotArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainSnapshotDeleteArgs {
  readonly snap: NonnullDomainSnapshot;
  readonly flags: number;
}
export const domainSnapshotDeleteArgs: Codec<DomainSnapshotDeleteArgs> = struct<DomainSnapshotDeleteArgs>({
  snap: nonnullDomainSnapshot,
  flags: unsignedInt,
});

export interface DomainOpenConsoleArgs {
  readonly dom: NonnullDomain;
  readonly devName?: string | undefined;
  readonly flags: number;
}
export const domainOpenConsoleArgs: Codec<DomainOpenConsoleArgs> = struct<DomainOpenConsoleArgs>({
  dom: nonnullDomain,
  devName: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainOpenChannelArgs {
  readonly dom: NonnullDomain;
  readonly name?: string | undefined;
  readonly flags: number;
}
export const domainOpenChannelArgs: Codec<DomainOpenChannelArgs> = struct<DomainOpenChannelArgs>({
  dom: nonnullDomain,
  name: optional(string(4194304)),
  flags: unsignedInt,
});

export interface StorageVolUploadArgs {
  readonly vol: NonnullStorageVol;
  readonly offset: bigint;
  readonly length: bigint;
  readonly flags: number;
}
export const storageVolUploadArgs: Codec<StorageVolUploadArgs> = struct<StorageVolUploadArgs>({
  vol: nonnullStorageVol,
  offset: unsignedHyper,
  length: unsignedHyper,
  flags: unsignedInt,
});

export interface StorageVolDownloadArgs {
  readonly vol: NonnullStorageVol;
  readonly offset: bigint;
  readonly length: bigint;
  readonly flags: number;
}
export const storageVolDownloadArgs: Codec<StorageVolDownloadArgs> = struct<StorageVolDownloadArgs>({
  vol: nonnullStorageVol,
  offset: unsignedHyper,
  length: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainGetStateArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetStateArgs: Codec<DomainGetStateArgs> = struct<DomainGetStateArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetStateRet {
  readonly state: number;
  readonly reason: number;
}
export const domainGetStateRet: Codec<DomainGetStateRet> = struct<DomainGetStateRet>({
  state: int,
  reason: int,
});

export interface DomainMigrateBegin3Args {
  readonly dom: NonnullDomain;
  readonly xmlin?: string | undefined;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
}
export const domainMigrateBegin3Args: Codec<DomainMigrateBegin3Args> = struct<DomainMigrateBegin3Args>({
  dom: nonnullDomain,
  xmlin: optional(string(4194304)),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
});

export interface DomainMigrateBegin3Ret {
  readonly cookieOut: Uint8Array;
  readonly xml: string;
}
export const domainMigrateBegin3Ret: Codec<DomainMigrateBegin3Ret> = struct<DomainMigrateBegin3Ret>({
  cookieOut: bytes(4194304),
  xml: string(4194304),
});

export interface DomainMigratePrepare3Args {
  readonly cookieIn: Uint8Array;
  readonly uriIn?: string | undefined;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
  readonly domXml: string;
}
export const domainMigratePrepare3Args: Codec<DomainMigratePrepare3Args> = struct<DomainMigratePrepare3Args>({
  cookieIn: bytes(4194304),
  uriIn: optional(string(4194304)),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
  domXml: string(4194304),
});

export interface DomainMigratePrepare3Ret {
  readonly cookieOut: Uint8Array;
  readonly uriOut?: string | undefined;
}
export const domainMigratePrepare3Ret: Codec<DomainMigratePrepare3Ret> = struct<DomainMigratePrepare3Ret>({
  cookieOut: bytes(4194304),
  uriOut: optional(string(4194304)),
});

export interface DomainMigratePrepareTunnel3Args {
  readonly cookieIn: Uint8Array;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
  readonly domXml: string;
}
export const domainMigratePrepareTunnel3Args: Codec<DomainMigratePrepareTunnel3Args> = struct<DomainMigratePrepareTunnel3Args>({
  cookieIn: bytes(4194304),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
  domXml: string(4194304),
});

export interface DomainMigratePrepareTunnel3Ret {
  readonly cookieOut: Uint8Array;
}
export const domainMigratePrepareTunnel3Ret: Codec<DomainMigratePrepareTunnel3Ret> = struct<DomainMigratePrepareTunnel3Ret>({
  cookieOut: bytes(4194304),
});

export interface DomainMigratePerform3Args {
  readonly dom: NonnullDomain;
  readonly xmlin?: string | undefined;
  readonly cookieIn: Uint8Array;
  readonly dconnuri?: string | undefined;
  readonly uri?: string | undefined;
  readonly flags: bigint;
  readonly dname?: string | undefined;
  readonly resource: bigint;
}
export const domainMigratePerform3Args: Codec<DomainMigratePerform3Args> = struct<DomainMigratePerform3Args>({
  dom: nonnullDomain,
  xmlin: optional(string(4194304)),
  cookieIn: bytes(4194304),
  dconnuri: optional(string(4194304)),
  uri: optional(string(4194304)),
  flags: unsignedHyper,
  dname: optional(string(4194304)),
  resource: unsignedHyper,
});

export interface DomainMigratePerform3Ret {
  readonly cookieOut: Uint8Array;
}
export const domainMigratePerform3Ret: Codec<DomainMigratePerform3Ret> = struct<DomainMigratePerform3Ret>({
  cookieOut: bytes(4194304),
});

export interface DomainMigrateFinish3Args {
  readonly dname: string;
  readonly cookieIn: Uint8Array;
  readonly dconnuri?: string | undefined;
  readonly uri?: string | undefined;
  readonly flags: bigint;
  readonly cancelled: number;
}
export const domainMigrateFinish3Args: Codec<DomainMigrateFinish3Args> = struct<DomainMigrateFinish3Args>({
  dname: string(4194304),
  cookieIn: bytes(4194304),
  dconnuri: optional(string(4194304)),
  uri: optional(string(4194304)),
  flags: unsignedHyper,
  cancelled: int,
});

export interface DomainMigrateFinish3Ret {
  readonly dom: NonnullDomain;
  readonly cookieOut: Uint8Array;
}
export const domainMigrateFinish3Ret: Codec<DomainMigrateFinish3Ret> = struct<DomainMigrateFinish3Ret>({
  dom: nonnullDomain,
  cookieOut: bytes(4194304),
});

export interface DomainMigrateConfirm3Args {
  readonly dom: NonnullDomain;
  readonly cookieIn: Uint8Array;
  readonly flags: bigint;
  readonly cancelled: number;
}
export const domainMigrateConfirm3Args: Codec<DomainMigrateConfirm3Args> = struct<DomainMigrateConfirm3Args>({
  dom: nonnullDomain,
  cookieIn: bytes(4194304),
  flags: unsignedHyper,
  cancelled: int,
});

export interface DomainEventControlErrorMsg {
  readonly dom: NonnullDomain;
}
export const domainEventControlErrorMsg: Codec<DomainEventControlErrorMsg> = struct<DomainEventControlErrorMsg>({
  dom: nonnullDomain,
});

export interface DomainEventCallbackControlErrorMsg {
  readonly callbackID: number;
  readonly msg: DomainEventControlErrorMsg;
}
export const domainEventCallbackControlErrorMsg: Codec<DomainEventCallbackControlErrorMsg> = struct<DomainEventCallbackControlErrorMsg>({
  callbackID: int,
  msg: domainEventControlErrorMsg,
});

export interface DomainGetControlInfoArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetControlInfoArgs: Codec<DomainGetControlInfoArgs> = struct<DomainGetControlInfoArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetControlInfoRet {
  readonly state: number;
  readonly details: number;
  readonly stateTime: bigint;
}
export const domainGetControlInfoRet: Codec<DomainGetControlInfoRet> = struct<DomainGetControlInfoRet>({
  state: unsignedInt,
  details: unsignedInt,
  stateTime: unsignedHyper,
});

export interface DomainOpenGraphicsArgs {
  readonly dom: NonnullDomain;
  readonly idx: number;
  readonly flags: number;
}
export const domainOpenGraphicsArgs: Codec<DomainOpenGraphicsArgs> = struct<DomainOpenGraphicsArgs>({
  dom: nonnullDomain,
  idx: unsignedInt,
  flags: unsignedInt,
});

export interface DomainOpenGraphicsFdArgs {
  readonly dom: NonnullDomain;
  readonly idx: number;
  readonly flags: number;
}
export const domainOpenGraphicsFdArgs: Codec<DomainOpenGraphicsFdArgs> = struct<DomainOpenGraphicsFdArgs>({
  dom: nonnullDomain,
  idx: unsignedInt,
  flags: unsignedInt,
});

export interface NodeSuspendForDurationArgs {
  readonly target: number;
  readonly duration: bigint;
  readonly flags: number;
}
export const nodeSuspendForDurationArgs: Codec<NodeSuspendForDurationArgs> = struct<NodeSuspendForDurationArgs>({
  target: unsignedInt,
  duration: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainShutdownFlagsArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainShutdownFlagsArgs: Codec<DomainShutdownFlagsArgs> = struct<DomainShutdownFlagsArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetDiskErrorsArgs {
  readonly dom: NonnullDomain;
  readonly maxerrors: number;
  readonly flags: number;
}
export const domainGetDiskErrorsArgs: Codec<DomainGetDiskErrorsArgs> = struct<DomainGetDiskErrorsArgs>({
  dom: nonnullDomain,
  maxerrors: unsignedInt,
  flags: unsignedInt,
});

export interface DomainGetDiskErrorsRet {
  readonly errors: readonly DomainDiskError[];
  readonly nerrors: number;
}
export const domainGetDiskErrorsRet: Codec<DomainGetDiskErrorsRet> = struct<DomainGetDiskErrorsRet>({
  errors: array(domainDiskError, 256),
  nerrors: int,
});

export interface ConnectListAllDomainsArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllDomainsArgs: Codec<ConnectListAllDomainsArgs> = struct<ConnectListAllDomainsArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllDomainsRet {
  readonly domains: readonly NonnullDomain[];
  readonly ret: number;
}
export const connectListAllDomainsRet: Codec<ConnectListAllDomainsRet> = struct<ConnectListAllDomainsRet>({
  domains: array(nonnullDomain, 16384),
  ret: unsignedInt,
});

export interface ConnectListAllStoragePoolsArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllStoragePoolsArgs: Codec<ConnectListAllStoragePoolsArgs> = struct<ConnectListAllStoragePoolsArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllStoragePoolsRet {
  readonly pools: readonly NonnullStoragePool[];
  readonly ret: number;
}
export const connectListAllStoragePoolsRet: Codec<ConnectListAllStoragePoolsRet> = struct<ConnectListAllStoragePoolsRet>({
  pools: array(nonnullStoragePool, 16384),
  ret: unsignedInt,
});

export interface StoragePoolListAllVolumesArgs {
  readonly pool: NonnullStoragePool;
  readonly needResults: number;
  readonly flags: number;
}
export const storagePoolListAllVolumesArgs: Codec<StoragePoolListAllVolumesArgs> = struct<StoragePoolListAllVolumesArgs>({
  pool: nonnullStoragePool,
  needResults: int,
  flags: unsignedInt,
});

export interface StoragePoolListAllVolumesRet {
  readonly vols: readonly NonnullStorageVol[];
  readonly ret: number;
}
export const storagePoolListAllVolumesRet: Codec<StoragePoolListAllVolumesRet> = struct<StoragePoolListAllVolumesRet>({
  vols: array(nonnullStorageVol, 16384),
  ret: unsignedInt,
});

export interface ConnectListAllNetworksArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllNetworksArgs: Codec<ConnectListAllNetworksArgs> = struct<ConnectListAllNetworksArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllNetworksRet {
  readonly nets: readonly NonnullNetwork[];
  readonly ret: number;
}
export const connectListAllNetworksRet: Codec<ConnectListAllNetworksRet> = struct<ConnectListAllNetworksRet>({
  nets: array(nonnullNetwork, 16384),
  ret: unsignedInt,
});

export interface ConnectListAllInterfacesArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllInterfacesArgs: Codec<ConnectListAllInterfacesArgs> = struct<ConnectListAllInterfacesArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllInterfacesRet {
  readonly ifaces: readonly NonnullInterface[];
  readonly ret: number;
}
export const connectListAllInterfacesRet: Codec<ConnectListAllInterfacesRet> = struct<ConnectListAllInterfacesRet>({
  ifaces: array(nonnullInterface, 16384),
  ret: unsignedInt,
});

export interface ConnectListAllNodeDevicesArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllNodeDevicesArgs: Codec<ConnectListAllNodeDevicesArgs> = struct<ConnectListAllNodeDevicesArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllNodeDevicesRet {
  readonly devices: readonly NonnullNodeDevice[];
  readonly ret: number;
}
export const connectListAllNodeDevicesRet: Codec<ConnectListAllNodeDevicesRet> = struct<ConnectListAllNodeDevicesRet>({
  devices: array(nonnullNodeDevice, 65536),
  ret: unsignedInt,
});

export interface ConnectListAllNwfiltersArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllNwfiltersArgs: Codec<ConnectListAllNwfiltersArgs> = struct<ConnectListAllNwfiltersArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllNwfiltersRet {
  readonly filters: readonly NonnullNwfilter[];
  readonly ret: number;
}
export const connectListAllNwfiltersRet: Codec<ConnectListAllNwfiltersRet> = struct<ConnectListAllNwfiltersRet>({
  filters: array(nonnullNwfilter, 16384),
  ret: unsignedInt,
});

export interface ConnectListAllSecretsArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllSecretsArgs: Codec<ConnectListAllSecretsArgs> = struct<ConnectListAllSecretsArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllSecretsRet {
  readonly secrets: readonly NonnullSecret[];
  readonly ret: number;
}
export const connectListAllSecretsRet: Codec<ConnectListAllSecretsRet> = struct<ConnectListAllSecretsRet>({
  secrets: array(nonnullSecret, 16384),
  ret: unsignedInt,
});

export interface NodeSetMemoryParametersArgs {
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const nodeSetMemoryParametersArgs: Codec<NodeSetMemoryParametersArgs> = struct<NodeSetMemoryParametersArgs>({
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface NodeGetMemoryParametersArgs {
  readonly nparams: number;
  readonly flags: number;
}
export const nodeGetMemoryParametersArgs: Codec<NodeGetMemoryParametersArgs> = struct<NodeGetMemoryParametersArgs>({
  nparams: int,
  flags: unsignedInt,
});

export interface NodeGetMemoryParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const nodeGetMemoryParametersRet: Codec<NodeGetMemoryParametersRet> = struct<NodeGetMemoryParametersRet>({
  params: array(typedParam, 64),
  nparams: int,
});

export interface NodeGetCpuMapArgs {
  readonly needMap: number;
  readonly needOnline: number;
  readonly flags: number;
}
export const nodeGetCpuMapArgs: Codec<NodeGetCpuMapArgs> = struct<NodeGetCpuMapArgs>({
  needMap: int,
  needOnline: int,
  flags: unsignedInt,
});

export interface NodeGetCpuMapRet {
  readonly cpumap: Uint8Array;
  readonly online: number;
  readonly ret: number;
}
export const nodeGetCpuMapRet: Codec<NodeGetCpuMapRet> = struct<NodeGetCpuMapRet>({
  cpumap: bytes(2048),
  online: unsignedInt,
  ret: int,
});

export interface DomainFstrimArgs {
  readonly dom: NonnullDomain;
  readonly mountPoint?: string | undefined;
  readonly minimum: bigint;
  readonly flags: number;
}
export const domainFstrimArgs: Codec<DomainFstrimArgs> = struct<DomainFstrimArgs>({
  dom: nonnullDomain,
  mountPoint: optional(string(4194304)),
  minimum: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainGetTimeArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetTimeArgs: Codec<DomainGetTimeArgs> = struct<DomainGetTimeArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetTimeRet {
  readonly seconds: bigint;
  readonly nseconds: number;
}
export const domainGetTimeRet: Codec<DomainGetTimeRet> = struct<DomainGetTimeRet>({
  seconds: hyper,
  nseconds: unsignedInt,
});

export interface DomainSetTimeArgs {
  readonly dom: NonnullDomain;
  readonly seconds: bigint;
  readonly nseconds: number;
  readonly flags: number;
}
export const domainSetTimeArgs: Codec<DomainSetTimeArgs> = struct<DomainSetTimeArgs>({
  dom: nonnullDomain,
  seconds: hyper,
  nseconds: unsignedInt,
  flags: unsignedInt,
});

export interface DomainMigrateBegin3ParamsArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainMigrateBegin3ParamsArgs: Codec<DomainMigrateBegin3ParamsArgs> = struct<DomainMigrateBegin3ParamsArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface DomainMigrateBegin3ParamsRet {
  readonly cookieOut: Uint8Array;
  readonly xml: string;
}
export const domainMigrateBegin3ParamsRet: Codec<DomainMigrateBegin3ParamsRet> = struct<DomainMigrateBegin3ParamsRet>({
  cookieOut: bytes(4194304),
  xml: string(4194304),
});

export interface DomainMigratePrepare3ParamsArgs {
  readonly params: readonly TypedParam[];
  readonly cookieIn: Uint8Array;
  readonly flags: number;
}
export const domainMigratePrepare3ParamsArgs: Codec<DomainMigratePrepare3ParamsArgs> = struct<DomainMigratePrepare3ParamsArgs>({
  params: array(typedParam, 64),
  cookieIn: bytes(4194304),
  flags: unsignedInt,
});

export interface DomainMigratePrepare3ParamsRet {
  readonly cookieOut: Uint8Array;
  readonly uriOut?: string | undefined;
}
export const domainMigratePrepare3ParamsRet: Codec<DomainMigratePrepare3ParamsRet> = struct<DomainMigratePrepare3ParamsRet>({
  cookieOut: bytes(4194304),
  uriOut: optional(string(4194304)),
});

export interface DomainMigratePrepareTunnel3ParamsArgs {
  readonly params: readonly TypedParam[];
  readonly cookieIn: Uint8Array;
  readonly flags: number;
}
export const domainMigratePrepareTunnel3ParamsArgs: Codec<DomainMigratePrepareTunnel3ParamsArgs> = struct<DomainMigratePrepareTunnel3ParamsArgs>({
  params: array(typedParam, 64),
  cookieIn: bytes(4194304),
  flags: unsignedInt,
});

export interface DomainMigratePrepareTunnel3ParamsRet {
  readonly cookieOut: Uint8Array;
}
export const domainMigratePrepareTunnel3ParamsRet: Codec<DomainMigratePrepareTunnel3ParamsRet> = struct<DomainMigratePrepareTunnel3ParamsRet>({
  cookieOut: bytes(4194304),
});

export interface DomainMigratePerform3ParamsArgs {
  readonly dom: NonnullDomain;
  readonly dconnuri?: string | undefined;
  readonly params: readonly TypedParam[];
  readonly cookieIn: Uint8Array;
  readonly flags: number;
}
export const domainMigratePerform3ParamsArgs: Codec<DomainMigratePerform3ParamsArgs> = struct<DomainMigratePerform3ParamsArgs>({
  dom: nonnullDomain,
  dconnuri: optional(string(4194304)),
  params: array(typedParam, 64),
  cookieIn: bytes(4194304),
  flags: unsignedInt,
});

export interface DomainMigratePerform3ParamsRet {
  readonly cookieOut: Uint8Array;
}
export const domainMigratePerform3ParamsRet: Codec<DomainMigratePerform3ParamsRet> = struct<DomainMigratePerform3ParamsRet>({
  cookieOut: bytes(4194304),
});

export interface DomainMigrateFinish3ParamsArgs {
  readonly params: readonly TypedParam[];
  readonly cookieIn: Uint8Array;
  readonly flags: number;
  readonly cancelled: number;
}
export const domainMigrateFinish3ParamsArgs: Codec<DomainMigrateFinish3ParamsArgs> = struct<DomainMigrateFinish3ParamsArgs>({
  params: array(typedParam, 64),
  cookieIn: bytes(4194304),
  flags: unsignedInt,
  cancelled: int,
});

export interface DomainMigrateFinish3ParamsRet {
  readonly dom: NonnullDomain;
  readonly cookieOut: Uint8Array;
}
export const domainMigrateFinish3ParamsRet: Codec<DomainMigrateFinish3ParamsRet> = struct<DomainMigrateFinish3ParamsRet>({
  dom: nonnullDomain,
  cookieOut: bytes(4194304),
});

export interface DomainMigrateConfirm3ParamsArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly cookieIn: Uint8Array;
  readonly flags: number;
  readonly cancelled: number;
}
export const domainMigrateConfirm3ParamsArgs: Codec<DomainMigrateConfirm3ParamsArgs> = struct<DomainMigrateConfirm3ParamsArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 64),
  cookieIn: bytes(4194304),
  flags: unsignedInt,
  cancelled: int,
});

export interface DomainEventDeviceRemovedMsg {
  readonly dom: NonnullDomain;
  readonly devAlias: string;
}
export const domainEventDeviceRemovedMsg: Codec<DomainEventDeviceRemovedMsg> = struct<DomainEventDeviceRemovedMsg>({
  dom: nonnullDomain,
  devAlias: string(4194304),
});

export interface DomainEventCallbackDeviceRemovedMsg {
  readonly callbackID: number;
  readonly msg: DomainEventDeviceRemovedMsg;
}
export const domainEventCallbackDeviceRemovedMsg: Codec<DomainEventCallbackDeviceRemovedMsg> = struct<DomainEventCallbackDeviceRemovedMsg>({
  callbackID: int,
  msg: domainEventDeviceRemovedMsg,
});

export interface DomainEventBlockJob2Msg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly dst: string;
  readonly type: number;
  readonly status: number;
}
export const domainEventBlockJob2Msg: Codec<DomainEventBlockJob2Msg> = struct<DomainEventBlockJob2Msg>({
  callbackID: int,
  dom: nonnullDomain,
  dst: string(4194304),
  type: int,
  status: int,
});

export interface DomainEventBlockThresholdMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly dev: string;
  readonly path?: string | undefined;
  readonly threshold: bigint;
  readonly excess: bigint;
}
export const domainEventBlockThresholdMsg: Codec<DomainEventBlockThresholdMsg> = struct<DomainEventBlockThresholdMsg>({
  callbackID: int,
  dom: nonnullDomain,
  dev: string(4194304),
  path: optional(string(4194304)),
  threshold: unsignedHyper,
  excess: unsignedHyper,
});

export interface DomainEventCallbackTunableMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
}
export const domainEventCallbackTunableMsg: Codec<DomainEventCallbackTunableMsg> = struct<DomainEventCallbackTunableMsg>({
  callbackID: int,
  dom: nonnullDomain,
  params: array(typedParam, 2048),
});

export interface DomainEventCallbackDeviceAddedMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly devAlias: string;
}
export const domainEventCallbackDeviceAddedMsg: Codec<DomainEventCallbackDeviceAddedMsg> = struct<DomainEventCallbackDeviceAddedMsg>({
  callbackID: int,
  dom: nonnullDomain,
  devAlias: string(4194304),
});

export interface ConnectEventConnectionClosedMsg {
  readonly reason: number;
}
export const connectEventConnectionClosedMsg: Codec<ConnectEventConnectionClosedMsg> = struct<ConnectEventConnectionClosedMsg>({
  reason: int,
});

export interface ConnectGetCpuModelNamesArgs {
  readonly arch: string;
  readonly needResults: number;
  readonly flags: number;
}
export const connectGetCpuModelNamesArgs: Codec<ConnectGetCpuModelNamesArgs> = struct<ConnectGetCpuModelNamesArgs>({
  arch: string(4194304),
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectGetCpuModelNamesRet {
  readonly models: readonly string[];
  readonly ret: number;
}
export const connectGetCpuModelNamesRet: Codec<ConnectGetCpuModelNamesRet> = struct<ConnectGetCpuModelNamesRet>({
  models: array(string(4194304), 8192),
  ret: int,
});

export interface ConnectNetworkEventRegisterAnyArgs {
  readonly eventID: number;
  readonly net?: NonnullNetwork | undefined;
}
export const connectNetworkEventRegisterAnyArgs: Codec<ConnectNetworkEventRegisterAnyArgs> = struct<ConnectNetworkEventRegisterAnyArgs>({
  eventID: int,
  net: optional(nonnullNetwork),
});

export interface ConnectNetworkEventRegisterAnyRet {
  readonly callbackID: number;
}
export const connectNetworkEventRegisterAnyRet: Codec<ConnectNetworkEventRegisterAnyRet> = struct<ConnectNetworkEventRegisterAnyRet>({
  callbackID: int,
});

export interface ConnectNetworkEventDeregisterAnyArgs {
  readonly callbackID: number;
}
export const connectNetworkEventDeregisterAnyArgs: Codec<ConnectNetworkEventDeregisterAnyArgs> = struct<ConnectNetworkEventDeregisterAnyArgs>({
  callbackID: int,
});

export interface NetworkEventLifecycleMsg {
  readonly callbackID: number;
  readonly net: NonnullNetwork;
  readonly event: number;
  readonly detail: number;
}
export const networkEventLifecycleMsg: Codec<NetworkEventLifecycleMsg> = struct<NetworkEventLifecycleMsg>({
  callbackID: int,
  net: nonnullNetwork,
  event: int,
  detail: int,
});

export interface NetworkEventCallbackMetadataChangeMsg {
  readonly callbackID: number;
  readonly net: NonnullNetwork;
  readonly type: number;
  readonly nsuri?: string | undefined;
}
export const networkEventCallbackMetadataChangeMsg: Codec<NetworkEventCallbackMetadataChangeMsg> = struct<NetworkEventCallbackMetadataChangeMsg>({
  callbackID: int,
  net: nonnullNetwork,
  type: int,
  nsuri: optional(string(4194304)),
});

export interface NetworkSetMetadataArgs {
  readonly network: NonnullNetwork;
  readonly type: number;
  readonly metadata?: string | undefined;
  readonly key?: string | undefined;
  readonly uri?: string | undefined;
  readonly flags: number;
}
export const networkSetMetadataArgs: Codec<NetworkSetMetadataArgs> = struct<NetworkSetMetadataArgs>({
  network: nonnullNetwork,
  type: int,
  metadata: optional(string(4194304)),
  key: optional(string(4194304)),
  uri: optional(string(4194304)),
  flags: unsignedInt,
});

export interface NetworkGetMetadataArgs {
  readonly network: NonnullNetwork;
  readonly type: number;
  readonly uri?: string | undefined;
  readonly flags: number;
}
export const networkGetMetadataArgs: Codec<NetworkGetMetadataArgs> = struct<NetworkGetMetadataArgs>({
  network: nonnullNetwork,
  type: int,
  uri: optional(string(4194304)),
  flags: unsignedInt,
});

export interface NetworkGetMetadataRet {
  readonly metadata: string;
}
export const networkGetMetadataRet: Codec<NetworkGetMetadataRet> = struct<NetworkGetMetadataRet>({
  metadata: string(4194304),
});

export interface ConnectStoragePoolEventRegisterAnyArgs {
  readonly eventID: number;
  readonly pool?: NonnullStoragePool | undefined;
}
export const connectStoragePoolEventRegisterAnyArgs: Codec<ConnectStoragePoolEventRegisterAnyArgs> = struct<ConnectStoragePoolEventRegisterAnyArgs>({
  eventID: int,
  pool: optional(nonnullStoragePool),
});

export interface ConnectStoragePoolEventRegisterAnyRet {
  readonly callbackID: number;
}
export const connectStoragePoolEventRegisterAnyRet: Codec<ConnectStoragePoolEventRegisterAnyRet> = struct<ConnectStoragePoolEventRegisterAnyRet>({
  callbackID: int,
});

export interface ConnectStoragePoolEventDeregisterAnyArgs {
  readonly callbackID: number;
}
export const connectStoragePoolEventDeregisterAnyArgs: Codec<ConnectStoragePoolEventDeregisterAnyArgs> = struct<ConnectStoragePoolEventDeregisterAnyArgs>({
  callbackID: int,
});

export interface StoragePoolEventLifecycleMsg {
  readonly callbackID: number;
  readonly pool: NonnullStoragePool;
  readonly event: number;
  readonly detail: number;
}
export const storagePoolEventLifecycleMsg: Codec<StoragePoolEventLifecycleMsg> = struct<StoragePoolEventLifecycleMsg>({
  callbackID: int,
  pool: nonnullStoragePool,
  event: int,
  detail: int,
});

export interface StoragePoolEventRefreshMsg {
  readonly callbackID: number;
  readonly pool: NonnullStoragePool;
}
export const storagePoolEventRefreshMsg: Codec<StoragePoolEventRefreshMsg> = struct<StoragePoolEventRefreshMsg>({
  callbackID: int,
  pool: nonnullStoragePool,
});

export interface ConnectNodeDeviceEventRegisterAnyArgs {
  readonly eventID: number;
  readonly dev?: NonnullNodeDevice | undefined;
}
export const connectNodeDeviceEventRegisterAnyArgs: Codec<ConnectNodeDeviceEventRegisterAnyArgs> = struct<ConnectNodeDeviceEventRegisterAnyArgs>({
  eventID: int,
  dev: optional(nonnullNodeDevice),
});

export interface ConnectNodeDeviceEventRegisterAnyRet {
  readonly callbackID: number;
}
export const connectNodeDeviceEventRegisterAnyRet: Codec<ConnectNodeDeviceEventRegisterAnyRet> = struct<ConnectNodeDeviceEventRegisterAnyRet>({
  callbackID: int,
});

export interface ConnectNodeDeviceEventDeregisterAnyArgs {
  readonly callbackID: number;
}
export const connectNodeDeviceEventDeregisterAnyArgs: Codec<ConnectNodeDeviceEventDeregisterAnyArgs> = struct<ConnectNodeDeviceEventDeregisterAnyArgs>({
  callbackID: int,
});

export interface NodeDeviceEventLifecycleMsg {
  readonly callbackID: number;
  readonly dev: NonnullNodeDevice;
  readonly event: number;
  readonly detail: number;
}
export const nodeDeviceEventLifecycleMsg: Codec<NodeDeviceEventLifecycleMsg> = struct<NodeDeviceEventLifecycleMsg>({
  callbackID: int,
  dev: nonnullNodeDevice,
  event: int,
  detail: int,
});

export interface NodeDeviceEventUpdateMsg {
  readonly callbackID: number;
  readonly dev: NonnullNodeDevice;
}
export const nodeDeviceEventUpdateMsg: Codec<NodeDeviceEventUpdateMsg> = struct<NodeDeviceEventUpdateMsg>({
  callbackID: int,
  dev: nonnullNodeDevice,
});

export interface DomainFsfreezeArgs {
  readonly dom: NonnullDomain;
  readonly mountpoints: readonly string[];
  readonly flags: number;
}
export const domainFsfreezeArgs: Codec<DomainFsfreezeArgs> = struct<DomainFsfreezeArgs>({
  dom: nonnullDomain,
  mountpoints: array(string(4194304), 256),
  flags: unsignedInt,
});

export interface DomainFsfreezeRet {
  readonly filesystems: number;
}
export const domainFsfreezeRet: Codec<DomainFsfreezeRet> = struct<DomainFsfreezeRet>({
  filesystems: int,
});

export interface DomainFsthawArgs {
  readonly dom: NonnullDomain;
  readonly mountpoints: readonly string[];
  readonly flags: number;
}
export const domainFsthawArgs: Codec<DomainFsthawArgs> = struct<DomainFsthawArgs>({
  dom: nonnullDomain,
  mountpoints: array(string(4194304), 256),
  flags: unsignedInt,
});

export interface DomainFsthawRet {
  readonly filesystems: number;
}
export const domainFsthawRet: Codec<DomainFsthawRet> = struct<DomainFsthawRet>({
  filesystems: int,
});

export interface NodeGetFreePagesArgs {
  readonly pages: readonly number[];
  readonly startCell: number;
  readonly cellCount: number;
  readonly flags: number;
}
export const nodeGetFreePagesArgs: Codec<NodeGetFreePagesArgs> = struct<NodeGetFreePagesArgs>({
  pages: array(unsignedInt, 1024),
  startCell: int,
  cellCount: unsignedInt,
  flags: unsignedInt,
});

export interface NodeGetFreePagesRet {
  readonly counts: readonly bigint[];
}
export const nodeGetFreePagesRet: Codec<NodeGetFreePagesRet> = struct<NodeGetFreePagesRet>({
  counts: array(unsignedHyper, 1024),
});

export interface NodeAllocPagesArgs {
  readonly pageSizes: readonly number[];
  readonly pageCounts: readonly bigint[];
  readonly startCell: number;
  readonly cellCount: number;
  readonly flags: number;
}
export const nodeAllocPagesArgs: Codec<NodeAllocPagesArgs> = struct<NodeAllocPagesArgs>({
  pageSizes: array(unsignedInt, 1024),
  pageCounts: array(unsignedHyper, 1024),
  startCell: int,
  cellCount: unsignedInt,
  flags: unsignedInt,
});

export interface NodeAllocPagesRet {
  readonly ret: number;
}
export const nodeAllocPagesRet: Codec<NodeAllocPagesRet> = struct<NodeAllocPagesRet>({
  ret: int,
});

export interface NetworkDhcpLease {
  readonly iface: string;
  readonly expirytime: bigint;
  readonly type: number;
  readonly mac?: string | undefined;
  readonly iaid?: string | undefined;
  readonly ipaddr: string;
  readonly prefix: number;
  readonly hostname?: string | undefined;
  readonly clientid?: string | undefined;
}
export const networkDhcpLease: Codec<NetworkDhcpLease> = struct<NetworkDhcpLease>({
  iface: string(4194304),
  expirytime: hyper,
  type: int,
  mac: optional(string(4194304)),
  iaid: optional(string(4194304)),
  ipaddr: string(4194304),
  prefix: unsignedInt,
  hostname: optional(string(4194304)),
  clientid: optional(string(4194304)),
});

export interface NetworkGetDhcpLeasesArgs {
  readonly net: NonnullNetwork;
  readonly mac?: string | undefined;
  readonly needResults: number;
  readonly flags: number;
}
export const networkGetDhcpLeasesArgs: Codec<NetworkGetDhcpLeasesArgs> = struct<NetworkGetDhcpLeasesArgs>({
  net: nonnullNetwork,
  mac: optional(string(4194304)),
  needResults: int,
  flags: unsignedInt,
});

export interface NetworkGetDhcpLeasesRet {
  readonly leases: readonly NetworkDhcpLease[];
  readonly ret: number;
}
export const networkGetDhcpLeasesRet: Codec<NetworkGetDhcpLeasesRet> = struct<NetworkGetDhcpLeasesRet>({
  leases: array(networkDhcpLease, 65536),
  ret: unsignedInt,
});

export interface DomainStatsRecord {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
}
export const domainStatsRecord: Codec<DomainStatsRecord> = struct<DomainStatsRecord>({
  dom: nonnullDomain,
  params: array(typedParam, 262144),
});

export interface ConnectGetAllDomainStatsArgs {
  readonly doms: readonly NonnullDomain[];
  readonly stats: number;
  readonly flags: number;
}
export const connectGetAllDomainStatsArgs: Codec<ConnectGetAllDomainStatsArgs> = struct<ConnectGetAllDomainStatsArgs>({
  doms: array(nonnullDomain, 16384),
  stats: unsignedInt,
  flags: unsignedInt,
});

export interface DomainEventCallbackAgentLifecycleMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly state: number;
  readonly reason: number;
}
export const domainEventCallbackAgentLifecycleMsg: Codec<DomainEventCallbackAgentLifecycleMsg> = struct<DomainEventCallbackAgentLifecycleMsg>({
  callbackID: int,
  dom: nonnullDomain,
  state: int,
  reason: int,
});

export interface ConnectGetAllDomainStatsRet {
  readonly retStats: readonly DomainStatsRecord[];
}
export const connectGetAllDomainStatsRet: Codec<ConnectGetAllDomainStatsRet> = struct<ConnectGetAllDomainStatsRet>({
  retStats: array(domainStatsRecord, 16384),
});

export interface DomainFsinfo {
  readonly mountpoint: string;
  readonly name: string;
  readonly fstype: string;
  readonly devAliases: readonly string[];
}
export const domainFsinfo: Codec<DomainFsinfo> = struct<DomainFsinfo>({
  mountpoint: string(4194304),
  name: string(4194304),
  fstype: string(4194304),
  devAliases: array(string(4194304), 256),
});

export interface DomainGetFsinfoArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetFsinfoArgs: Codec<DomainGetFsinfoArgs> = struct<DomainGetFsinfoArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetFsinfoRet {
  readonly info: readonly DomainFsinfo[];
  readonly ret: number;
}
export const domainGetFsinfoRet: Codec<DomainGetFsinfoRet> = struct<DomainGetFsinfoRet>({
  info: array(domainFsinfo, 256),
  ret: unsignedInt,
});

export interface DomainIpAddr {
  readonly type: number;
  readonly addr: string;
  readonly prefix: number;
}
export const domainIpAddr: Codec<DomainIpAddr> = struct<DomainIpAddr>({
  type: int,
  addr: string(4194304),
  prefix: unsignedInt,
});

export interface DomainInterface {
  readonly name: string;
  readonly hwaddr?: string | undefined;
  readonly addrs: readonly DomainIpAddr[];
}
export const domainInterface: Codec<DomainInterface> = struct<DomainInterface>({
  name: string(4194304),
  hwaddr: optional(string(4194304)),
  addrs: array(domainIpAddr, 2048),
});

export interface DomainInterfaceAddressesArgs {
  readonly dom: NonnullDomain;
  readonly source: number;
  readonly flags: number;
}
export const domainInterfaceAddressesArgs: Codec<DomainInterfaceAddressesArgs> = struct<DomainInterfaceAddressesArgs>({
  dom: nonnullDomain,
  source: unsignedInt,
  flags: unsignedInt,
});

export interface DomainInterfaceAddressesRet {
  readonly ifaces: readonly DomainInterface[];
}
export const domainInterfaceAddressesRet: Codec<DomainInterfaceAddressesRet> = struct<DomainInterfaceAddressesRet>({
  ifaces: array(domainInterface, 2048),
});

export interface DomainSetUserPasswordArgs {
  readonly dom: NonnullDomain;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly flags: number;
}
export const domainSetUserPasswordArgs: Codec<DomainSetUserPasswordArgs> = struct<DomainSetUserPasswordArgs>({
  dom: nonnullDomain,
  user: optional(string(4194304)),
  password: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainRenameArgs {
  readonly dom: NonnullDomain;
  readonly newName?: string | undefined;
  readonly flags: number;
}
export const domainRenameArgs: Codec<DomainRenameArgs> = struct<DomainRenameArgs>({
  dom: nonnullDomain,
  newName: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainRenameRet {
  readonly retcode: number;
}
export const domainRenameRet: Codec<DomainRenameRet> = struct<DomainRenameRet>({
  retcode: int,
});

export interface DomainEventCallbackMigrationIterationMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly iteration: number;
}
export const domainEventCallbackMigrationIterationMsg: Codec<DomainEventCallbackMigrationIterationMsg> = struct<DomainEventCallbackMigrationIterationMsg>({
  callbackID: int,
  dom: nonnullDomain,
  iteration: int,
});

export interface DomainEventCallbackJobCompletedMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
}
export const domainEventCallbackJobCompletedMsg: Codec<DomainEventCallbackJobCompletedMsg> = struct<DomainEventCallbackJobCompletedMsg>({
  callbackID: int,
  dom: nonnullDomain,
  params: array(typedParam, 64),
});

export interface DomainMigrateStartPostCopyArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainMigrateStartPostCopyArgs: Codec<DomainMigrateStartPostCopyArgs> = struct<DomainMigrateStartPostCopyArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainEventCallbackDeviceRemovalFailedMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly devAlias: string;
}
export const domainEventCallbackDeviceRemovalFailedMsg: Codec<DomainEventCallbackDeviceRemovalFailedMsg> = struct<DomainEventCallbackDeviceRemovalFailedMsg>({
  callbackID: int,
  dom: nonnullDomain,
  devAlias: string(4194304),
});

export interface DomainGetGuestVcpusArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetGuestVcpusArgs: Codec<DomainGetGuestVcpusArgs> = struct<DomainGetGuestVcpusArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetGuestVcpusRet {
  readonly params: readonly TypedParam[];
}
export const domainGetGuestVcpusRet: Codec<DomainGetGuestVcpusRet> = struct<DomainGetGuestVcpusRet>({
  params: array(typedParam, 64),
});

export interface DomainSetGuestVcpusArgs {
  readonly dom: NonnullDomain;
  readonly cpumap: string;
  readonly state: number;
  readonly flags: number;
}
export const domainSetGuestVcpusArgs: Codec<DomainSetGuestVcpusArgs> = struct<DomainSetGuestVcpusArgs>({
  dom: nonnullDomain,
  cpumap: string(4194304),
  state: int,
  flags: unsignedInt,
});

export interface DomainSetVcpuArgs {
  readonly dom: NonnullDomain;
  readonly cpumap: string;
  readonly state: number;
  readonly flags: number;
}
export const domainSetVcpuArgs: Codec<DomainSetVcpuArgs> = struct<DomainSetVcpuArgs>({
  dom: nonnullDomain,
  cpumap: string(4194304),
  state: int,
  flags: unsignedInt,
});

export interface DomainEventCallbackMetadataChangeMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly type: number;
  readonly nsuri?: string | undefined;
}
export const domainEventCallbackMetadataChangeMsg: Codec<DomainEventCallbackMetadataChangeMsg> = struct<DomainEventCallbackMetadataChangeMsg>({
  callbackID: int,
  dom: nonnullDomain,
  type: int,
  nsuri: optional(string(4194304)),
});

export interface DomainEventMemoryFailureMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly recipient: number;
  readonly action: number;
  readonly flags: number;
}
export const domainEventMemoryFailureMsg: Codec<DomainEventMemoryFailureMsg> = struct<DomainEventMemoryFailureMsg>({
  callbackID: int,
  dom: nonnullDomain,
  recipient: int,
  action: int,
  flags: unsignedInt,
});

export interface ConnectSecretEventRegisterAnyArgs {
  readonly eventID: number;
  readonly secret?: NonnullSecret | undefined;
}
export const connectSecretEventRegisterAnyArgs: Codec<ConnectSecretEventRegisterAnyArgs> = struct<ConnectSecretEventRegisterAnyArgs>({
  eventID: int,
  secret: optional(nonnullSecret),
});

export interface ConnectSecretEventRegisterAnyRet {
  readonly callbackID: number;
}
export const connectSecretEventRegisterAnyRet: Codec<ConnectSecretEventRegisterAnyRet> = struct<ConnectSecretEventRegisterAnyRet>({
  callbackID: int,
});

export interface ConnectSecretEventDeregisterAnyArgs {
  readonly callbackID: number;
}
export const connectSecretEventDeregisterAnyArgs: Codec<ConnectSecretEventDeregisterAnyArgs> = struct<ConnectSecretEventDeregisterAnyArgs>({
  callbackID: int,
});

export interface SecretEventLifecycleMsg {
  readonly callbackID: number;
  readonly secret: NonnullSecret;
  readonly event: number;
  readonly detail: number;
}
export const secretEventLifecycleMsg: Codec<SecretEventLifecycleMsg> = struct<SecretEventLifecycleMsg>({
  callbackID: int,
  secret: nonnullSecret,
  event: int,
  detail: int,
});

export interface SecretEventValueChangedMsg {
  readonly callbackID: number;
  readonly secret: NonnullSecret;
}
export const secretEventValueChangedMsg: Codec<SecretEventValueChangedMsg> = struct<SecretEventValueChangedMsg>({
  callbackID: int,
  secret: nonnullSecret,
});

export interface DomainSetBlockThresholdArgs {
  readonly dom: NonnullDomain;
  readonly dev: string;
  readonly threshold: bigint;
  readonly flags: number;
}
export const domainSetBlockThresholdArgs: Codec<DomainSetBlockThresholdArgs> = struct<DomainSetBlockThresholdArgs>({
  dom: nonnullDomain,
  dev: string(4194304),
  threshold: unsignedHyper,
  flags: unsignedInt,
});

export interface DomainSetLifecycleActionArgs {
  readonly dom: NonnullDomain;
  readonly type: number;
  readonly action: number;
  readonly flags: number;
}
export const domainSetLifecycleActionArgs: Codec<DomainSetLifecycleActionArgs> = struct<DomainSetLifecycleActionArgs>({
  dom: nonnullDomain,
  type: unsignedInt,
  action: unsignedInt,
  flags: unsignedInt,
});

export interface ConnectCompareHypervisorCpuArgs {
  readonly emulator?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  readonly virttype?: string | undefined;
  readonly xmlCPU: string;
  readonly flags: number;
}
export const connectCompareHypervisorCpuArgs: Codec<ConnectCompareHypervisorCpuArgs> = struct<ConnectCompareHypervisorCpuArgs>({
  emulator: optional(string(4194304)),
  arch: optional(string(4194304)),
  machine: optional(string(4194304)),
  virttype: optional(string(4194304)),
  xmlCPU: string(4194304),
  flags: unsignedInt,
});

export interface ConnectCompareHypervisorCpuRet {
  readonly result: number;
}
export const connectCompareHypervisorCpuRet: Codec<ConnectCompareHypervisorCpuRet> = struct<ConnectCompareHypervisorCpuRet>({
  result: int,
});

export interface ConnectBaselineHypervisorCpuArgs {
  readonly emulator?: string | undefined;
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
  readonly virttype?: string | undefined;
  readonly xmlCPUs: readonly string[];
  readonly flags: number;
}
export const connectBaselineHypervisorCpuArgs: Codec<ConnectBaselineHypervisorCpuArgs> = struct<ConnectBaselineHypervisorCpuArgs>({
  emulator: optional(string(4194304)),
  arch: optional(string(4194304)),
  machine: optional(string(4194304)),
  virttype: optional(string(4194304)),
  xmlCPUs: array(string(4194304), 256),
  flags: unsignedInt,
});

export interface ConnectBaselineHypervisorCpuRet {
  readonly cpu: string;
}
export const connectBaselineHypervisorCpuRet: Codec<ConnectBaselineHypervisorCpuRet> = struct<ConnectBaselineHypervisorCpuRet>({
  cpu: string(4194304),
});

export interface NodeGetSevInfoArgs {
  readonly nparams: number;
  readonly flags: number;
}
export const nodeGetSevInfoArgs: Codec<NodeGetSevInfoArgs> = struct<NodeGetSevInfoArgs>({
  nparams: int,
  flags: unsignedInt,
});

export interface NodeGetSevInfoRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const nodeGetSevInfoRet: Codec<NodeGetSevInfoRet> = struct<NodeGetSevInfoRet>({
  params: array(typedParam, 64),
  nparams: int,
});

export interface DomainGetLaunchSecurityInfoArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetLaunchSecurityInfoArgs: Codec<DomainGetLaunchSecurityInfoArgs> = struct<DomainGetLaunchSecurityInfoArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetLaunchSecurityInfoRet {
  readonly params: readonly TypedParam[];
}
export const domainGetLaunchSecurityInfoRet: Codec<DomainGetLaunchSecurityInfoRet> = struct<DomainGetLaunchSecurityInfoRet>({
  params: array(typedParam, 64),
});

export interface DomainSetLaunchSecurityStateArgs {
  readonly dom: NonnullDomain;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const domainSetLaunchSecurityStateArgs: Codec<DomainSetLaunchSecurityStateArgs> = struct<DomainSetLaunchSecurityStateArgs>({
  dom: nonnullDomain,
  params: array(typedParam, 64),
  flags: unsignedInt,
});

export interface NwfilterBindingLookupByPortDevArgs {
  readonly name: string;
}
export const nwfilterBindingLookupByPortDevArgs: Codec<NwfilterBindingLookupByPortDevArgs> = struct<NwfilterBindingLookupByPortDevArgs>({
  name: string(4194304),
});

export interface NwfilterBindingLookupByPortDevRet {
  readonly nwfilter: NonnullNwfilterBinding;
}
export const nwfilterBindingLookupByPortDevRet: Codec<NwfilterBindingLookupByPortDevRet> = struct<NwfilterBindingLookupByPortDevRet>({
  nwfilter: nonnullNwfilterBinding,
});

export interface NwfilterBindingCreateXmlArgs {
  readonly xml: string;
  readonly flags: number;
}
export const nwfilterBindingCreateXmlArgs: Codec<NwfilterBindingCreateXmlArgs> = struct<NwfilterBindingCreateXmlArgs>({
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NwfilterBindingCreateXmlRet {
  readonly nwfilter: NonnullNwfilterBinding;
}
export const nwfilterBindingCreateXmlRet: Codec<NwfilterBindingCreateXmlRet> = struct<NwfilterBindingCreateXmlRet>({
  nwfilter: nonnullNwfilterBinding,
});

export interface NwfilterBindingDeleteArgs {
  readonly nwfilter: NonnullNwfilterBinding;
}
export const nwfilterBindingDeleteArgs: Codec<NwfilterBindingDeleteArgs> = struct<NwfilterBindingDeleteArgs>({
  nwfilter: nonnullNwfilterBinding,
});

export interface NwfilterBindingGetXmlDescArgs {
  readonly nwfilter: NonnullNwfilterBinding;
  readonly flags: number;
}
export const nwfilterBindingGetXmlDescArgs: Codec<NwfilterBindingGetXmlDescArgs> = struct<NwfilterBindingGetXmlDescArgs>({
  nwfilter: nonnullNwfilterBinding,
  flags: unsignedInt,
});

export interface NwfilterBindingGetXmlDescRet {
  readonly xml: string;
}
export const nwfilterBindingGetXmlDescRet: Codec<NwfilterBindingGetXmlDescRet> = struct<NwfilterBindingGetXmlDescRet>({
  xml: string(4194304),
});

export interface ConnectListAllNwfilterBindingsArgs {
  readonly needResults: number;
  readonly flags: number;
}
export const connectListAllNwfilterBindingsArgs: Codec<ConnectListAllNwfilterBindingsArgs> = struct<ConnectListAllNwfilterBindingsArgs>({
  needResults: int,
  flags: unsignedInt,
});

export interface ConnectListAllNwfilterBindingsRet {
  readonly bindings: readonly NonnullNwfilterBinding[];
  readonly ret: number;
}
export const connectListAllNwfilterBindingsRet: Codec<ConnectListAllNwfilterBindingsRet> = struct<ConnectListAllNwfilterBindingsRet>({
  bindings: array(nonnullNwfilterBinding, 16384),
  ret: unsignedInt,
});

export interface ConnectGetStoragePoolCapabilitiesArgs {
  readonly flags: number;
}
export const connectGetStoragePoolCapabilitiesArgs: Codec<ConnectGetStoragePoolCapabilitiesArgs> = struct<ConnectGetStoragePoolCapabilitiesArgs>({
  flags: unsignedInt,
});

export interface ConnectGetStoragePoolCapabilitiesRet {
  readonly capabilities: string;
}
export const connectGetStoragePoolCapabilitiesRet: Codec<ConnectGetStoragePoolCapabilitiesRet> = struct<ConnectGetStoragePoolCapabilitiesRet>({
  capabilities: string(4194304),
});

export interface NetworkListAllPortsArgs {
  readonly network: NonnullNetwork;
  readonly needResults: number;
  readonly flags: number;
}
export const networkListAllPortsArgs: Codec<NetworkListAllPortsArgs> = struct<NetworkListAllPortsArgs>({
  network: nonnullNetwork,
  needResults: int,
  flags: unsignedInt,
});

export interface NetworkListAllPortsRet {
  readonly ports: readonly NonnullNetworkPort[];
  readonly ret: number;
}
export const networkListAllPortsRet: Codec<NetworkListAllPortsRet> = struct<NetworkListAllPortsRet>({
  ports: array(nonnullNetworkPort, 16384),
  ret: unsignedInt,
});

export interface NetworkPortLookupByUuidArgs {
  readonly network: NonnullNetwork;
  readonly uuid: string;
}
export const networkPortLookupByUuidArgs: Codec<NetworkPortLookupByUuidArgs> = struct<NetworkPortLookupByUuidArgs>({
  network: nonnullNetwork,
  uuid: uuid,
});

export interface NetworkPortLookupByUuidRet {
  readonly port: NonnullNetworkPort;
}
export const networkPortLookupByUuidRet: Codec<NetworkPortLookupByUuidRet> = struct<NetworkPortLookupByUuidRet>({
  port: nonnullNetworkPort,
});

export interface NetworkPortCreateXmlArgs {
  readonly network: NonnullNetwork;
  readonly xml: string;
  readonly flags: number;
}
export const networkPortCreateXmlArgs: Codec<NetworkPortCreateXmlArgs> = struct<NetworkPortCreateXmlArgs>({
  network: nonnullNetwork,
  xml: string(4194304),
  flags: unsignedInt,
});

export interface NetworkPortCreateXmlRet {
  readonly port: NonnullNetworkPort;
}
export const networkPortCreateXmlRet: Codec<NetworkPortCreateXmlRet> = struct<NetworkPortCreateXmlRet>({
  port: nonnullNetworkPort,
});

export interface NetworkPortSetParametersArgs {
  readonly port: NonnullNetworkPort;
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const networkPortSetParametersArgs: Codec<NetworkPortSetParametersArgs> = struct<NetworkPortSetParametersArgs>({
  port: nonnullNetworkPort,
  params: array(typedParam, 16),
  flags: unsignedInt,
});

export interface NetworkPortGetParametersArgs {
  readonly port: NonnullNetworkPort;
  readonly nparams: number;
  readonly flags: number;
}
export const networkPortGetParametersArgs: Codec<NetworkPortGetParametersArgs> = struct<NetworkPortGetParametersArgs>({
  port: nonnullNetworkPort,
  nparams: int,
  flags: unsignedInt,
});

export interface NetworkPortGetParametersRet {
  readonly params: readonly TypedParam[];
  readonly nparams: number;
}
export const networkPortGetParametersRet: Codec<NetworkPortGetParametersRet> = struct<NetworkPortGetParametersRet>({
  params: array(typedParam, 16),
  nparams: int,
});

export interface NetworkPortGetXmlDescArgs {
  readonly port: NonnullNetworkPort;
  readonly flags: number;
}
export const networkPortGetXmlDescArgs: Codec<NetworkPortGetXmlDescArgs> = struct<NetworkPortGetXmlDescArgs>({
  port: nonnullNetworkPort,
  flags: unsignedInt,
});

export interface NetworkPortGetXmlDescRet {
  readonly xml: string;
}
export const networkPortGetXmlDescRet: Codec<NetworkPortGetXmlDescRet> = struct<NetworkPortGetXmlDescRet>({
  xml: string(4194304),
});

export interface NetworkPortDeleteArgs {
  readonly port: NonnullNetworkPort;
  readonly flags: number;
}
export const networkPortDeleteArgs: Codec<NetworkPortDeleteArgs> = struct<NetworkPortDeleteArgs>({
  port: nonnullNetworkPort,
  flags: unsignedInt,
});

export interface DomainCheckpointCreateXmlArgs {
  readonly dom: NonnullDomain;
  readonly xmlDesc: string;
  readonly flags: number;
}
export const domainCheckpointCreateXmlArgs: Codec<DomainCheckpointCreateXmlArgs> = struct<DomainCheckpointCreateXmlArgs>({
  dom: nonnullDomain,
  xmlDesc: string(4194304),
  flags: unsignedInt,
});

export interface DomainCheckpointCreateXmlRet {
  readonly checkpoint: NonnullDomainCheckpoint;
}
export const domainCheckpointCreateXmlRet: Codec<DomainCheckpointCreateXmlRet> = struct<DomainCheckpointCreateXmlRet>({
  checkpoint: nonnullDomainCheckpoint,
});

export interface DomainCheckpointGetXmlDescArgs {
  readonly checkpoint: NonnullDomainCheckpoint;
  readonly flags: number;
}
export const domainCheckpointGetXmlDescArgs: Codec<DomainCheckpointGetXmlDescArgs> = struct<DomainCheckpointGetXmlDescArgs>({
  checkpoint: nonnullDomainCheckpoint,
  flags: unsignedInt,
});

export interface DomainCheckpointGetXmlDescRet {
  readonly xml: string;
}
export const domainCheckpointGetXmlDescRet: Codec<DomainCheckpointGetXmlDescRet> = struct<DomainCheckpointGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainListAllCheckpointsArgs {
  readonly dom: NonnullDomain;
  readonly needResults: number;
  readonly flags: number;
}
export const domainListAllCheckpointsArgs: Codec<DomainListAllCheckpointsArgs> = struct<DomainListAllCheckpointsArgs>({
  dom: nonnullDomain,
  needResults: int,
  flags: unsignedInt,
});

export interface DomainListAllCheckpointsRet {
  readonly checkpoints: readonly NonnullDomainCheckpoint[];
  readonly ret: number;
}
export const domainListAllCheckpointsRet: Codec<DomainListAllCheckpointsRet> = struct<DomainListAllCheckpointsRet>({
  checkpoints: array(nonnullDomainCheckpoint, 16384),
  ret: int,
});

export interface DomainCheckpointListAllChildrenArgs {
  readonly checkpoint: NonnullDomainCheckpoint;
  readonly needResults: number;
  readonly flags: number;
}
export const domainCheckpointListAllChildrenArgs: Codec<DomainCheckpointListAllChildrenArgs> = struct<DomainCheckpointListAllChildrenArgs>({
  checkpoint: nonnullDomainCheckpoint,
  needResults: int,
  flags: unsignedInt,
});

export interface DomainCheckpointListAllChildrenRet {
  readonly checkpoints: readonly NonnullDomainCheckpoint[];
  readonly ret: number;
}
export const domainCheckpointListAllChildrenRet: Codec<DomainCheckpointListAllChildrenRet> = struct<DomainCheckpointListAllChildrenRet>({
  checkpoints: array(nonnullDomainCheckpoint, 16384),
  ret: int,
});

export interface DomainCheckpointLookupByNameArgs {
  readonly dom: NonnullDomain;
  readonly name: string;
  readonly flags: number;
}
export const domainCheckpointLookupByNameArgs: Codec<DomainCheckpointLookupByNameArgs> = struct<DomainCheckpointLookupByNameArgs>({
  dom: nonnullDomain,
  name: string(4194304),
  flags: unsignedInt,
});

export interface DomainCheckpointLookupByNameRet {
  readonly checkpoint: NonnullDomainCheckpoint;
}
export const domainCheckpointLookupByNameRet: Codec<DomainCheckpointLookupByNameRet> = struct<DomainCheckpointLookupByNameRet>({
  checkpoint: nonnullDomainCheckpoint,
});

export interface DomainCheckpointGetParentArgs {
  readonly checkpoint: NonnullDomainCheckpoint;
  readonly flags: number;
}
export const domainCheckpointGetParentArgs: Codec<DomainCheckpointGetParentArgs> = struct<DomainCheckpointGetParentArgs>({
  checkpoint: nonnullDomainCheckpoint,
  flags: unsignedInt,
});

export interface DomainCheckpointGetParentRet {
  readonly parent: NonnullDomainCheckpoint;
}
export const domainCheckpointGetParentRet: Codec<DomainCheckpointGetParentRet> = struct<DomainCheckpointGetParentRet>({
  parent: nonnullDomainCheckpoint,
});

export interface DomainCheckpointDeleteArgs {
  readonly checkpoint: NonnullDomainCheckpoint;
  readonly flags: number;
}
export const domainCheckpointDeleteArgs: Codec<DomainCheckpointDeleteArgs> = struct<DomainCheckpointDeleteArgs>({
  checkpoint: nonnullDomainCheckpoint,
  flags: unsignedInt,
});

export interface DomainGetGuestInfoArgs {
  readonly dom: NonnullDomain;
  readonly types: number;
  readonly flags: number;
}
export const domainGetGuestInfoArgs: Codec<DomainGetGuestInfoArgs> = struct<DomainGetGuestInfoArgs>({
  dom: nonnullDomain,
  types: unsignedInt,
  flags: unsignedInt,
});

export interface DomainGetGuestInfoRet {
  readonly params: readonly TypedParam[];
}
export const domainGetGuestInfoRet: Codec<DomainGetGuestInfoRet> = struct<DomainGetGuestInfoRet>({
  params: array(typedParam, 2048),
});

export interface ConnectSetIdentityArgs {
  readonly params: readonly TypedParam[];
  readonly flags: number;
}
export const connectSetIdentityArgs: Codec<ConnectSetIdentityArgs> = struct<ConnectSetIdentityArgs>({
  params: array(typedParam, 20),
  flags: unsignedInt,
});

export interface DomainAgentSetResponseTimeoutArgs {
  readonly dom: NonnullDomain;
  readonly timeout: number;
  readonly flags: number;
}
export const domainAgentSetResponseTimeoutArgs: Codec<DomainAgentSetResponseTimeoutArgs> = struct<DomainAgentSetResponseTimeoutArgs>({
  dom: nonnullDomain,
  timeout: int,
  flags: unsignedInt,
});

export interface DomainAgentSetResponseTimeoutRet {
  readonly result: number;
}
export const domainAgentSetResponseTimeoutRet: Codec<DomainAgentSetResponseTimeoutRet> = struct<DomainAgentSetResponseTimeoutRet>({
  result: int,
});

export interface DomainBackupBeginArgs {
  readonly dom: NonnullDomain;
  readonly backupXml: string;
  readonly checkpointXml?: string | undefined;
  readonly flags: number;
}
export const domainBackupBeginArgs: Codec<DomainBackupBeginArgs> = struct<DomainBackupBeginArgs>({
  dom: nonnullDomain,
  backupXml: string(4194304),
  checkpointXml: optional(string(4194304)),
  flags: unsignedInt,
});

export interface DomainBackupGetXmlDescArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainBackupGetXmlDescArgs: Codec<DomainBackupGetXmlDescArgs> = struct<DomainBackupGetXmlDescArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainBackupGetXmlDescRet {
  readonly xml: string;
}
export const domainBackupGetXmlDescRet: Codec<DomainBackupGetXmlDescRet> = struct<DomainBackupGetXmlDescRet>({
  xml: string(4194304),
});

export interface DomainAuthorizedSshKeysGetArgs {
  readonly dom: NonnullDomain;
  readonly user: string;
  readonly flags: number;
}
export const domainAuthorizedSshKeysGetArgs: Codec<DomainAuthorizedSshKeysGetArgs> = struct<DomainAuthorizedSshKeysGetArgs>({
  dom: nonnullDomain,
  user: string(4194304),
  flags: unsignedInt,
});

export interface DomainAuthorizedSshKeysGetRet {
  readonly keys: readonly string[];
}
export const domainAuthorizedSshKeysGetRet: Codec<DomainAuthorizedSshKeysGetRet> = struct<DomainAuthorizedSshKeysGetRet>({
  keys: array(string(4194304), 2048),
});

export interface DomainAuthorizedSshKeysSetArgs {
  readonly dom: NonnullDomain;
  readonly user: string;
  readonly keys: readonly string[];
  readonly flags: number;
}
export const domainAuthorizedSshKeysSetArgs: Codec<DomainAuthorizedSshKeysSetArgs> = struct<DomainAuthorizedSshKeysSetArgs>({
  dom: nonnullDomain,
  user: string(4194304),
  keys: array(string(4194304), 2048),
  flags: unsignedInt,
});

export interface DomainGetMessagesArgs {
  readonly dom: NonnullDomain;
  readonly flags: number;
}
export const domainGetMessagesArgs: Codec<DomainGetMessagesArgs> = struct<DomainGetMessagesArgs>({
  dom: nonnullDomain,
  flags: unsignedInt,
});

export interface DomainGetMessagesRet {
  readonly msgs: readonly string[];
}
export const domainGetMessagesRet: Codec<DomainGetMessagesRet> = struct<DomainGetMessagesRet>({
  msgs: array(string(4194304), 2048),
});

export interface DomainStartDirtyRateCalcArgs {
  readonly dom: NonnullDomain;
  readonly seconds: number;
  readonly flags: number;
}
export const domainStartDirtyRateCalcArgs: Codec<DomainStartDirtyRateCalcArgs> = struct<DomainStartDirtyRateCalcArgs>({
  dom: nonnullDomain,
  seconds: int,
  flags: unsignedInt,
});

export interface DomainGraphicsReloadArgs {
  readonly dom: NonnullDomain;
  readonly type: number;
  readonly flags: number;
}
export const domainGraphicsReloadArgs: Codec<DomainGraphicsReloadArgs> = struct<DomainGraphicsReloadArgs>({
  dom: nonnullDomain,
  type: unsignedInt,
  flags: unsignedInt,
});

export interface DomainEventMemoryDeviceSizeChangeMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly alias: string;
  readonly size: bigint;
}
export const domainEventMemoryDeviceSizeChangeMsg: Codec<DomainEventMemoryDeviceSizeChangeMsg> = struct<DomainEventMemoryDeviceSizeChangeMsg>({
  callbackID: int,
  dom: nonnullDomain,
  alias: string(4194304),
  size: unsignedHyper,
});

export interface DomainFdAssociateArgs {
  readonly dom: NonnullDomain;
  readonly name: string;
  readonly flags: number;
}
export const domainFdAssociateArgs: Codec<DomainFdAssociateArgs> = struct<DomainFdAssociateArgs>({
  dom: nonnullDomain,
  name: string(4194304),
  flags: unsignedInt,
});

export interface DomainGetAutostartOnceArgs {
  readonly dom: NonnullDomain;
}
export const domainGetAutostartOnceArgs: Codec<DomainGetAutostartOnceArgs> = struct<DomainGetAutostartOnceArgs>({
  dom: nonnullDomain,
});

export interface DomainGetAutostartOnceRet {
  readonly autostart: number;
}
export const domainGetAutostartOnceRet: Codec<DomainGetAutostartOnceRet> = struct<DomainGetAutostartOnceRet>({
  autostart: int,
});

export interface DomainSetAutostartOnceArgs {
  readonly dom: NonnullDomain;
  readonly autostart: number;
}
export const domainSetAutostartOnceArgs: Codec<DomainSetAutostartOnceArgs> = struct<DomainSetAutostartOnceArgs>({
  dom: nonnullDomain,
  autostart: int,
});

export interface DomainEventNicMacChangeMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly alias: string;
  readonly oldMAC: string;
  readonly newMAC: string;
}
export const domainEventNicMacChangeMsg: Codec<DomainEventNicMacChangeMsg> = struct<DomainEventNicMacChangeMsg>({
  callbackID: int,
  dom: nonnullDomain,
  alias: string(4194304),
  oldMAC: string(4194304),
  newMAC: string(4194304),
});

export interface QemuDomainMonitorCommandArgs {
  readonly dom: NonnullDomain;
  readonly cmd: string;
  readonly flags: number;
}
export const qemuDomainMonitorCommandArgs: Codec<QemuDomainMonitorCommandArgs> = struct<QemuDomainMonitorCommandArgs>({
  dom: nonnullDomain,
  cmd: string(4194304),
  flags: unsignedInt,
});

export interface QemuDomainMonitorCommandRet {
  readonly result: string;
}
export const qemuDomainMonitorCommandRet: Codec<QemuDomainMonitorCommandRet> = struct<QemuDomainMonitorCommandRet>({
  result: string(4194304),
});

export interface QemuDomainAttachArgs {
  readonly pidValue: number;
  readonly flags: number;
}
export const qemuDomainAttachArgs: Codec<QemuDomainAttachArgs> = struct<QemuDomainAttachArgs>({
  pidValue: unsignedInt,
  flags: unsignedInt,
});

export interface QemuDomainAttachRet {
  readonly dom: NonnullDomain;
}
export const qemuDomainAttachRet: Codec<QemuDomainAttachRet> = struct<QemuDomainAttachRet>({
  dom: nonnullDomain,
});

export interface QemuDomainAgentCommandArgs {
  readonly dom: NonnullDomain;
  readonly cmd: string;
  readonly timeout: number;
  readonly flags: number;
}
export const qemuDomainAgentCommandArgs: Codec<QemuDomainAgentCommandArgs> = struct<QemuDomainAgentCommandArgs>({
  dom: nonnullDomain,
  cmd: string(4194304),
  timeout: int,
  flags: unsignedInt,
});

export interface QemuDomainAgentCommandRet {
  readonly result?: string | undefined;
}
export const qemuDomainAgentCommandRet: Codec<QemuDomainAgentCommandRet> = struct<QemuDomainAgentCommandRet>({
  result: optional(string(4194304)),
});

export interface QemuConnectDomainMonitorEventRegisterArgs {
  readonly dom?: NonnullDomain | undefined;
  readonly event?: string | undefined;
  readonly flags: number;
}
export const qemuConnectDomainMonitorEventRegisterArgs: Codec<QemuConnectDomainMonitorEventRegisterArgs> = struct<QemuConnectDomainMonitorEventRegisterArgs>({
  dom: optional(nonnullDomain),
  event: optional(string(4194304)),
  flags: unsignedInt,
});

export interface QemuConnectDomainMonitorEventRegisterRet {
  readonly callbackID: number;
}
export const qemuConnectDomainMonitorEventRegisterRet: Codec<QemuConnectDomainMonitorEventRegisterRet> = struct<QemuConnectDomainMonitorEventRegisterRet>({
  callbackID: int,
});

export interface QemuConnectDomainMonitorEventDeregisterArgs {
  readonly callbackID: number;
}
export const qemuConnectDomainMonitorEventDeregisterArgs: Codec<QemuConnectDomainMonitorEventDeregisterArgs> = struct<QemuConnectDomainMonitorEventDeregisterArgs>({
  callbackID: int,
});

export interface QemuDomainMonitorEventMsg {
  readonly callbackID: number;
  readonly dom: NonnullDomain;
  readonly event: string;
  readonly seconds: bigint;
  readonly micros: number;
  readonly details?: string | undefined;
}
export const qemuDomainMonitorEventMsg: Codec<QemuDomainMonitorEventMsg> = struct<QemuDomainMonitorEventMsg>({
  callbackID: int,
  dom: nonnullDomain,
  event: string(4194304),
  seconds: hyper,
  micros: unsignedInt,
  details: optional(string(4194304)),
});

export interface QemuDomainMonitorCommandWithFilesArgs {
  readonly dom: NonnullDomain;
  readonly cmd: string;
  readonly flags: number;
}
export const qemuDomainMonitorCommandWithFilesArgs: Codec<QemuDomainMonitorCommandWithFilesArgs> = struct<QemuDomainMonitorCommandWithFilesArgs>({
  dom: nonnullDomain,
  cmd: string(4194304),
  flags: unsignedInt,
});

export interface QemuDomainMonitorCommandWithFilesRet {
  readonly result: string;
}
export const qemuDomainMonitorCommandWithFilesRet: Codec<QemuDomainMonitorCommandWithFilesRet> = struct<QemuDomainMonitorCommandWithFilesRet>({
  result: string(4194304),
});

/** Arguments and result of each call, by its name. */
export interface Calls {
  readonly connectOpen: { readonly args: ConnectOpenArgs; readonly result: Nothing };
  readonly connectClose: { readonly args: Nothing; readonly result: Nothing };
  readonly connectGetType: { readonly args: Nothing; readonly result: ConnectGetTypeRet };
  readonly connectGetVersion: { readonly args: Nothing; readonly result: ConnectGetVersionRet };
  readonly connectGetMaxVcpus: { readonly args: ConnectGetMaxVcpusArgs; readonly result: ConnectGetMaxVcpusRet };
  readonly nodeGetInfo: { readonly args: Nothing; readonly result: NodeGetInfoRet };
  readonly connectGetCapabilities: { readonly args: Nothing; readonly result: ConnectGetCapabilitiesRet };
  readonly domainAttachDevice: { readonly args: DomainAttachDeviceArgs; readonly result: Nothing };
  readonly domainCreate: { readonly args: DomainCreateArgs; readonly result: Nothing };
  readonly domainCreateXml: { readonly args: DomainCreateXmlArgs; readonly result: DomainCreateXmlRet };
  readonly domainDefineXml: { readonly args: DomainDefineXmlArgs; readonly result: DomainDefineXmlRet };
  readonly domainDestroy: { readonly args: DomainDestroyArgs; readonly result: Nothing };
  readonly domainDetachDevice: { readonly args: DomainDetachDeviceArgs; readonly result: Nothing };
  readonly domainGetXmlDesc: { readonly args: DomainGetXmlDescArgs; readonly result: DomainGetXmlDescRet };
  readonly domainGetAutostart: { readonly args: DomainGetAutostartArgs; readonly result: DomainGetAutostartRet };
  readonly domainGetInfo: { readonly args: DomainGetInfoArgs; readonly result: DomainGetInfoRet };
  readonly domainGetMaxMemory: { readonly args: DomainGetMaxMemoryArgs; readonly result: DomainGetMaxMemoryRet };
  readonly domainGetMaxVcpus: { readonly args: DomainGetMaxVcpusArgs; readonly result: DomainGetMaxVcpusRet };
  readonly domainGetOsType: { readonly args: DomainGetOsTypeArgs; readonly result: DomainGetOsTypeRet };
  readonly domainGetVcpus: { readonly args: DomainGetVcpusArgs; readonly result: DomainGetVcpusRet };
  readonly connectListDefinedDomains: { readonly args: ConnectListDefinedDomainsArgs; readonly result: ConnectListDefinedDomainsRet };
  readonly domainLookupById: { readonly args: DomainLookupByIdArgs; readonly result: DomainLookupByIdRet };
  readonly domainLookupByName: { readonly args: DomainLookupByNameArgs; readonly result: DomainLookupByNameRet };
  readonly domainLookupByUuid: { readonly args: DomainLookupByUuidArgs; readonly result: DomainLookupByUuidRet };
  readonly connectNumOfDefinedDomains: { readonly args: Nothing; readonly result: ConnectNumOfDefinedDomainsRet };
  readonly domainPinVcpu: { readonly args: DomainPinVcpuArgs; readonly result: Nothing };
  readonly domainReboot: { readonly args: DomainRebootArgs; readonly result: Nothing };
  readonly domainResume: { readonly args: DomainResumeArgs; readonly result: Nothing };
  readonly domainSetAutostart: { readonly args: DomainSetAutostartArgs; readonly result: Nothing };
  readonly domainSetMaxMemory: { readonly args: DomainSetMaxMemoryArgs; readonly result: Nothing };
  readonly domainSetMemory: { readonly args: DomainSetMemoryArgs; readonly result: Nothing };
  readonly domainSetVcpus: { readonly args: DomainSetVcpusArgs; readonly result: Nothing };
  readonly domainShutdown: { readonly args: DomainShutdownArgs; readonly result: Nothing };
  readonly domainSuspend: { readonly args: DomainSuspendArgs; readonly result: Nothing };
  readonly domainUndefine: { readonly args: DomainUndefineArgs; readonly result: Nothing };
  readonly connectListDefinedNetworks: { readonly args: ConnectListDefinedNetworksArgs; readonly result: ConnectListDefinedNetworksRet };
  readonly connectListDomains: { readonly args: ConnectListDomainsArgs; readonly result: ConnectListDomainsRet };
  readonly connectListNetworks: { readonly args: ConnectListNetworksArgs; readonly result: ConnectListNetworksRet };
  readonly networkCreate: { readonly args: NetworkCreateArgs; readonly result: Nothing };
  readonly networkCreateXml: { readonly args: NetworkCreateXmlArgs; readonly result: NetworkCreateXmlRet };
  readonly networkDefineXml: { readonly args: NetworkDefineXmlArgs; readonly result: NetworkDefineXmlRet };
  readonly networkDestroy: { readonly args: NetworkDestroyArgs; readonly result: Nothing };
  readonly networkGetXmlDesc: { readonly args: NetworkGetXmlDescArgs; readonly result: NetworkGetXmlDescRet };
  readonly networkGetAutostart: { readonly args: NetworkGetAutostartArgs; readonly result: NetworkGetAutostartRet };
  readonly networkGetBridgeName: { readonly args: NetworkGetBridgeNameArgs; readonly result: NetworkGetBridgeNameRet };
  readonly networkLookupByName: { readonly args: NetworkLookupByNameArgs; readonly result: NetworkLookupByNameRet };
  readonly networkLookupByUuid: { readonly args: NetworkLookupByUuidArgs; readonly result: NetworkLookupByUuidRet };
  readonly networkSetAutostart: { readonly args: NetworkSetAutostartArgs; readonly result: Nothing };
  readonly networkUndefine: { readonly args: NetworkUndefineArgs; readonly result: Nothing };
  readonly connectNumOfDefinedNetworks: { readonly args: Nothing; readonly result: ConnectNumOfDefinedNetworksRet };
  readonly connectNumOfDomains: { readonly args: Nothing; readonly result: ConnectNumOfDomainsRet };
  readonly connectNumOfNetworks: { readonly args: Nothing; readonly result: ConnectNumOfNetworksRet };
  readonly domainCoreDump: { readonly args: DomainCoreDumpArgs; readonly result: Nothing };
  readonly domainRestore: { readonly args: DomainRestoreArgs; readonly result: Nothing };
  readonly domainSave: { readonly args: DomainSaveArgs; readonly result: Nothing };
  readonly domainGetSchedulerType: { readonly args: DomainGetSchedulerTypeArgs; readonly result: DomainGetSchedulerTypeRet };
  readonly domainGetSchedulerParameters: { readonly args: DomainGetSchedulerParametersArgs; readonly result: DomainGetSchedulerParametersRet };
  readonly domainSetSchedulerParameters: { readonly args: DomainSetSchedulerParametersArgs; readonly result: Nothing };
  readonly connectGetHostname: { readonly args: Nothing; readonly result: ConnectGetHostnameRet };
  readonly connectSupportsFeature: { readonly args: ConnectSupportsFeatureArgs; readonly result: ConnectSupportsFeatureRet };
  readonly domainMigratePrepare: { readonly args: DomainMigratePrepareArgs; readonly result: DomainMigratePrepareRet };
  readonly domainMigratePerform: { readonly args: DomainMigratePerformArgs; readonly result: Nothing };
  readonly domainMigrateFinish: { readonly args: DomainMigrateFinishArgs; readonly result: DomainMigrateFinishRet };
  readonly domainBlockStats: { readonly args: DomainBlockStatsArgs; readonly result: DomainBlockStatsRet };
  readonly domainInterfaceStats: { readonly args: DomainInterfaceStatsArgs; readonly result: DomainInterfaceStatsRet };
  readonly authList: { readonly args: Nothing; readonly result: AuthListRet };
  readonly authSaslInit: { readonly args: Nothing; readonly result: AuthSaslInitRet };
  readonly authSaslStart: { readonly args: AuthSaslStartArgs; readonly result: AuthSaslStartRet };
  readonly authSaslStep: { readonly args: AuthSaslStepArgs; readonly result: AuthSaslStepRet };
  readonly authPolkit: { readonly args: Nothing; readonly result: AuthPolkitRet };
  readonly connectNumOfStoragePools: { readonly args: Nothing; readonly result: ConnectNumOfStoragePoolsRet };
  readonly connectListStoragePools: { readonly args: ConnectListStoragePoolsArgs; readonly result: ConnectListStoragePoolsRet };
  readonly connectNumOfDefinedStoragePools: { readonly args: Nothing; readonly result: ConnectNumOfDefinedStoragePoolsRet };
  readonly connectListDefinedStoragePools: { readonly args: ConnectListDefinedStoragePoolsArgs; readonly result: ConnectListDefinedStoragePoolsRet };
  readonly connectFindStoragePoolSources: { readonly args: ConnectFindStoragePoolSourcesArgs; readonly result: ConnectFindStoragePoolSourcesRet };
  readonly storagePoolCreateXml: { readonly args: StoragePoolCreateXmlArgs; readonly result: StoragePoolCreateXmlRet };
  readonly storagePoolDefineXml: { readonly args: StoragePoolDefineXmlArgs; readonly result: StoragePoolDefineXmlRet };
  readonly storagePoolCreate: { readonly args: StoragePoolCreateArgs; readonly result: Nothing };
  readonly storagePoolBuild: { readonly args: StoragePoolBuildArgs; readonly result: Nothing };
  readonly storagePoolDestroy: { readonly args: StoragePoolDestroyArgs; readonly result: Nothing };
  readonly storagePoolDelete: { readonly args: StoragePoolDeleteArgs; readonly result: Nothing };
  readonly storagePoolUndefine: { readonly args: StoragePoolUndefineArgs; readonly result: Nothing };
  readonly storagePoolRefresh: { readonly args: StoragePoolRefreshArgs; readonly result: Nothing };
  readonly storagePoolLookupByName: { readonly args: StoragePoolLookupByNameArgs; readonly result: StoragePoolLookupByNameRet };
  readonly storagePoolLookupByUuid: { readonly args: StoragePoolLookupByUuidArgs; readonly result: StoragePoolLookupByUuidRet };
  readonly storagePoolLookupByVolume: { readonly args: StoragePoolLookupByVolumeArgs; readonly result: StoragePoolLookupByVolumeRet };
  readonly storagePoolGetInfo: { readonly args: StoragePoolGetInfoArgs; readonly result: StoragePoolGetInfoRet };
  readonly storagePoolGetXmlDesc: { readonly args: StoragePoolGetXmlDescArgs; readonly result: StoragePoolGetXmlDescRet };
  readonly storagePoolGetAutostart: { readonly args: StoragePoolGetAutostartArgs; readonly result: StoragePoolGetAutostartRet };
  readonly storagePoolSetAutostart: { readonly args: StoragePoolSetAutostartArgs; readonly result: Nothing };
  readonly storagePoolNumOfVolumes: { readonly args: StoragePoolNumOfVolumesArgs; readonly result: StoragePoolNumOfVolumesRet };
  readonly storagePoolListVolumes: { readonly args: StoragePoolListVolumesArgs; readonly result: StoragePoolListVolumesRet };
  readonly storageVolCreateXml: { readonly args: StorageVolCreateXmlArgs; readonly result: StorageVolCreateXmlRet };
  readonly storageVolDelete: { readonly args: StorageVolDeleteArgs; readonly result: Nothing };
  readonly storageVolLookupByName: { readonly args: StorageVolLookupByNameArgs; readonly result: StorageVolLookupByNameRet };
  readonly storageVolLookupByKey: { readonly args: StorageVolLookupByKeyArgs; readonly result: StorageVolLookupByKeyRet };
  readonly storageVolLookupByPath: { readonly args: StorageVolLookupByPathArgs; readonly result: StorageVolLookupByPathRet };
  readonly storageVolGetInfo: { readonly args: StorageVolGetInfoArgs; readonly result: StorageVolGetInfoRet };
  readonly storageVolGetXmlDesc: { readonly args: StorageVolGetXmlDescArgs; readonly result: StorageVolGetXmlDescRet };
  readonly storageVolGetPath: { readonly args: StorageVolGetPathArgs; readonly result: StorageVolGetPathRet };
  readonly nodeGetCellsFreeMemory: { readonly args: NodeGetCellsFreeMemoryArgs; readonly result: NodeGetCellsFreeMemoryRet };
  readonly nodeGetFreeMemory: { readonly args: Nothing; readonly result: NodeGetFreeMemoryRet };
  readonly domainBlockPeek: { readonly args: DomainBlockPeekArgs; readonly result: DomainBlockPeekRet };
  readonly domainMemoryPeek: { readonly args: DomainMemoryPeekArgs; readonly result: DomainMemoryPeekRet };
  readonly connectDomainEventRegister: { readonly args: Nothing; readonly result: ConnectDomainEventRegisterRet };
  readonly connectDomainEventDeregister: { readonly args: Nothing; readonly result: ConnectDomainEventDeregisterRet };
  readonly domainMigratePrepare2: { readonly args: DomainMigratePrepare2Args; readonly result: DomainMigratePrepare2Ret };
  readonly domainMigrateFinish2: { readonly args: DomainMigrateFinish2Args; readonly result: DomainMigrateFinish2Ret };
  readonly connectGetUri: { readonly args: Nothing; readonly result: ConnectGetUriRet };
  readonly nodeNumOfDevices: { readonly args: NodeNumOfDevicesArgs; readonly result: NodeNumOfDevicesRet };
  readonly nodeListDevices: { readonly args: NodeListDevicesArgs; readonly result: NodeListDevicesRet };
  readonly nodeDeviceLookupByName: { readonly args: NodeDeviceLookupByNameArgs; readonly result: NodeDeviceLookupByNameRet };
  readonly nodeDeviceGetXmlDesc: { readonly args: NodeDeviceGetXmlDescArgs; readonly result: NodeDeviceGetXmlDescRet };
  readonly nodeDeviceGetParent: { readonly args: NodeDeviceGetParentArgs; readonly result: NodeDeviceGetParentRet };
  readonly nodeDeviceNumOfCaps: { readonly args: NodeDeviceNumOfCapsArgs; readonly result: NodeDeviceNumOfCapsRet };
  readonly nodeDeviceListCaps: { readonly args: NodeDeviceListCapsArgs; readonly result: NodeDeviceListCapsRet };
  readonly nodeDeviceDettach: { readonly args: NodeDeviceDettachArgs; readonly result: Nothing };
  readonly nodeDeviceReAttach: { readonly args: NodeDeviceReAttachArgs; readonly result: Nothing };
  readonly nodeDeviceReset: { readonly args: NodeDeviceResetArgs; readonly result: Nothing };
  readonly domainGetSecurityLabel: { readonly args: DomainGetSecurityLabelArgs; readonly result: DomainGetSecurityLabelRet };
  readonly nodeGetSecurityModel: { readonly args: Nothing; readonly result: NodeGetSecurityModelRet };
  readonly nodeDeviceCreateXml: { readonly args: NodeDeviceCreateXmlArgs; readonly result: NodeDeviceCreateXmlRet };
  readonly nodeDeviceDestroy: { readonly args: NodeDeviceDestroyArgs; readonly result: Nothing };
  readonly storageVolCreateXmlFrom: { readonly args: StorageVolCreateXmlFromArgs; readonly result: StorageVolCreateXmlFromRet };
  readonly connectNumOfInterfaces: { readonly args: Nothing; readonly result: ConnectNumOfInterfacesRet };
  readonly connectListInterfaces: { readonly args: ConnectListInterfacesArgs; readonly result: ConnectListInterfacesRet };
  readonly interfaceLookupByName: { readonly args: InterfaceLookupByNameArgs; readonly result: InterfaceLookupByNameRet };
  readonly interfaceLookupByMacString: { readonly args: InterfaceLookupByMacStringArgs; readonly result: InterfaceLookupByMacStringRet };
  readonly interfaceGetXmlDesc: { readonly args: InterfaceGetXmlDescArgs; readonly result: InterfaceGetXmlDescRet };
  readonly interfaceDefineXml: { readonly args: InterfaceDefineXmlArgs; readonly result: InterfaceDefineXmlRet };
  readonly interfaceUndefine: { readonly args: InterfaceUndefineArgs; readonly result: Nothing };
  readonly interfaceCreate: { readonly args: InterfaceCreateArgs; readonly result: Nothing };
  readonly interfaceDestroy: { readonly args: InterfaceDestroyArgs; readonly result: Nothing };
  readonly connectDomainXmlFromNative: { readonly args: ConnectDomainXmlFromNativeArgs; readonly result: ConnectDomainXmlFromNativeRet };
  readonly connectDomainXmlToNative: { readonly args: ConnectDomainXmlToNativeArgs; readonly result: ConnectDomainXmlToNativeRet };
  readonly connectNumOfDefinedInterfaces: { readonly args: Nothing; readonly result: ConnectNumOfDefinedInterfacesRet };
  readonly connectListDefinedInterfaces: { readonly args: ConnectListDefinedInterfacesArgs; readonly result: ConnectListDefinedInterfacesRet };
  readonly connectNumOfSecrets: { readonly args: Nothing; readonly result: ConnectNumOfSecretsRet };
  readonly connectListSecrets: { readonly args: ConnectListSecretsArgs; readonly result: ConnectListSecretsRet };
  readonly secretLookupByUuid: { readonly args: SecretLookupByUuidArgs; readonly result: SecretLookupByUuidRet };
  readonly secretDefineXml: { readonly args: SecretDefineXmlArgs; readonly result: SecretDefineXmlRet };
  readonly secretGetXmlDesc: { readonly args: SecretGetXmlDescArgs; readonly result: SecretGetXmlDescRet };
  readonly secretSetValue: { readonly args: SecretSetValueArgs; readonly result: Nothing };
  readonly secretGetValue: { readonly args: SecretGetValueArgs; readonly result: SecretGetValueRet };
  readonly secretUndefine: { readonly args: SecretUndefineArgs; readonly result: Nothing };
  readonly secretLookupByUsage: { readonly args: SecretLookupByUsageArgs; readonly result: SecretLookupByUsageRet };
  readonly domainMigratePrepareTunnel: { readonly args: DomainMigratePrepareTunnelArgs; readonly result: Nothing };
  readonly connectIsSecure: { readonly args: Nothing; readonly result: ConnectIsSecureRet };
  readonly domainIsActive: { readonly args: DomainIsActiveArgs; readonly result: DomainIsActiveRet };
  readonly domainIsPersistent: { readonly args: DomainIsPersistentArgs; readonly result: DomainIsPersistentRet };
  readonly networkIsActive: { readonly args: NetworkIsActiveArgs; readonly result: NetworkIsActiveRet };
  readonly networkIsPersistent: { readonly args: NetworkIsPersistentArgs; readonly result: NetworkIsPersistentRet };
  readonly storagePoolIsActive: { readonly args: StoragePoolIsActiveArgs; readonly result: StoragePoolIsActiveRet };
  readonly storagePoolIsPersistent: { readonly args: StoragePoolIsPersistentArgs; readonly result: StoragePoolIsPersistentRet };
  readonly interfaceIsActive: { readonly args: InterfaceIsActiveArgs; readonly result: InterfaceIsActiveRet };
  readonly connectGetLibVersion: { readonly args: Nothing; readonly result: ConnectGetLibVersionRet };
  readonly connectCompareCpu: { readonly args: ConnectCompareCpuArgs; readonly result: ConnectCompareCpuRet };
  readonly domainMemoryStats: { readonly args: DomainMemoryStatsArgs; readonly result: DomainMemoryStatsRet };
  readonly domainAttachDeviceFlags: { readonly args: DomainAttachDeviceFlagsArgs; readonly result: Nothing };
  readonly domainDetachDeviceFlags: { readonly args: DomainDetachDeviceFlagsArgs; readonly result: Nothing };
  readonly connectBaselineCpu: { readonly args: ConnectBaselineCpuArgs; readonly result: ConnectBaselineCpuRet };
  readonly domainGetJobInfo: { readonly args: DomainGetJobInfoArgs; readonly result: DomainGetJobInfoRet };
  readonly domainAbortJob: { readonly args: DomainAbortJobArgs; readonly result: Nothing };
  readonly storageVolWipe: { readonly args: StorageVolWipeArgs; readonly result: Nothing };
  readonly domainMigrateSetMaxDowntime: { readonly args: DomainMigrateSetMaxDowntimeArgs; readonly result: Nothing };
  readonly connectDomainEventRegisterAny: { readonly args: ConnectDomainEventRegisterAnyArgs; readonly result: Nothing };
  readonly connectDomainEventDeregisterAny: { readonly args: ConnectDomainEventDeregisterAnyArgs; readonly result: Nothing };
  readonly domainUpdateDeviceFlags: { readonly args: DomainUpdateDeviceFlagsArgs; readonly result: Nothing };
  readonly nwfilterLookupByName: { readonly args: NwfilterLookupByNameArgs; readonly result: NwfilterLookupByNameRet };
  readonly nwfilterLookupByUuid: { readonly args: NwfilterLookupByUuidArgs; readonly result: NwfilterLookupByUuidRet };
  readonly nwfilterGetXmlDesc: { readonly args: NwfilterGetXmlDescArgs; readonly result: NwfilterGetXmlDescRet };
  readonly connectNumOfNwfilters: { readonly args: Nothing; readonly result: ConnectNumOfNwfiltersRet };
  readonly connectListNwfilters: { readonly args: ConnectListNwfiltersArgs; readonly result: ConnectListNwfiltersRet };
  readonly nwfilterDefineXml: { readonly args: NwfilterDefineXmlArgs; readonly result: NwfilterDefineXmlRet };
  readonly nwfilterUndefine: { readonly args: NwfilterUndefineArgs; readonly result: Nothing };
  readonly domainManagedSave: { readonly args: DomainManagedSaveArgs; readonly result: Nothing };
  readonly domainHasManagedSaveImage: { readonly args: DomainHasManagedSaveImageArgs; readonly result: DomainHasManagedSaveImageRet };
  readonly domainManagedSaveRemove: { readonly args: DomainManagedSaveRemoveArgs; readonly result: Nothing };
  readonly domainSnapshotCreateXml: { readonly args: DomainSnapshotCreateXmlArgs; readonly result: DomainSnapshotCreateXmlRet };
  readonly domainSnapshotGetXmlDesc: { readonly args: DomainSnapshotGetXmlDescArgs; readonly result: DomainSnapshotGetXmlDescRet };
  readonly domainSnapshotNum: { readonly args: DomainSnapshotNumArgs; readonly result: DomainSnapshotNumRet };
  readonly domainSnapshotListNames: { readonly args: DomainSnapshotListNamesArgs; readonly result: DomainSnapshotListNamesRet };
  readonly domainSnapshotLookupByName: { readonly args: DomainSnapshotLookupByNameArgs; readonly result: DomainSnapshotLookupByNameRet };
  readonly domainHasCurrentSnapshot: { readonly args: DomainHasCurrentSnapshotArgs; readonly result: DomainHasCurrentSnapshotRet };
  readonly domainSnapshotCurrent: { readonly args: DomainSnapshotCurrentArgs; readonly result: DomainSnapshotCurrentRet };
  readonly domainRevertToSnapshot: { readonly args: DomainRevertToSnapshotArgs; readonly result: Nothing };
  readonly domainSnapshotDelete: { readonly args: DomainSnapshotDeleteArgs; readonly result: Nothing };
  readonly domainGetBlockInfo: { readonly args: DomainGetBlockInfoArgs; readonly result: DomainGetBlockInfoRet };
  readonly domainCreateWithFlags: { readonly args: DomainCreateWithFlagsArgs; readonly result: DomainCreateWithFlagsRet };
  readonly domainSetMemoryParameters: { readonly args: DomainSetMemoryParametersArgs; readonly result: Nothing };
  readonly domainGetMemoryParameters: { readonly args: DomainGetMemoryParametersArgs; readonly result: DomainGetMemoryParametersRet };
  readonly domainSetVcpusFlags: { readonly args: DomainSetVcpusFlagsArgs; readonly result: Nothing };
  readonly domainGetVcpusFlags: { readonly args: DomainGetVcpusFlagsArgs; readonly result: DomainGetVcpusFlagsRet };
  readonly domainOpenConsole: { readonly args: DomainOpenConsoleArgs; readonly result: Nothing };
  readonly domainIsUpdated: { readonly args: DomainIsUpdatedArgs; readonly result: DomainIsUpdatedRet };
  readonly connectGetSysinfo: { readonly args: ConnectGetSysinfoArgs; readonly result: ConnectGetSysinfoRet };
  readonly domainSetMemoryFlags: { readonly args: DomainSetMemoryFlagsArgs; readonly result: Nothing };
  readonly domainSetBlkioParameters: { readonly args: DomainSetBlkioParametersArgs; readonly result: Nothing };
  readonly domainGetBlkioParameters: { readonly args: DomainGetBlkioParametersArgs; readonly result: DomainGetBlkioParametersRet };
  readonly domainMigrateSetMaxSpeed: { readonly args: DomainMigrateSetMaxSpeedArgs; readonly result: Nothing };
  readonly storageVolUpload: { readonly args: StorageVolUploadArgs; readonly result: Nothing };
  readonly storageVolDownload: { readonly args: StorageVolDownloadArgs; readonly result: Nothing };
  readonly domainInjectNmi: { readonly args: DomainInjectNmiArgs; readonly result: Nothing };
  readonly domainScreenshot: { readonly args: DomainScreenshotArgs; readonly result: DomainScreenshotRet };
  readonly domainGetState: { readonly args: DomainGetStateArgs; readonly result: DomainGetStateRet };
  readonly domainMigrateBegin3: { readonly args: DomainMigrateBegin3Args; readonly result: DomainMigrateBegin3Ret };
  readonly domainMigratePrepare3: { readonly args: DomainMigratePrepare3Args; readonly result: DomainMigratePrepare3Ret };
  readonly domainMigratePrepareTunnel3: { readonly args: DomainMigratePrepareTunnel3Args; readonly result: DomainMigratePrepareTunnel3Ret };
  readonly domainMigratePerform3: { readonly args: DomainMigratePerform3Args; readonly result: DomainMigratePerform3Ret };
  readonly domainMigrateFinish3: { readonly args: DomainMigrateFinish3Args; readonly result: DomainMigrateFinish3Ret };
  readonly domainMigrateConfirm3: { readonly args: DomainMigrateConfirm3Args; readonly result: Nothing };
  readonly domainSetSchedulerParametersFlags: { readonly args: DomainSetSchedulerParametersFlagsArgs; readonly result: Nothing };
  readonly interfaceChangeBegin: { readonly args: InterfaceChangeBeginArgs; readonly result: Nothing };
  readonly interfaceChangeCommit: { readonly args: InterfaceChangeCommitArgs; readonly result: Nothing };
  readonly interfaceChangeRollback: { readonly args: InterfaceChangeRollbackArgs; readonly result: Nothing };
  readonly domainGetSchedulerParametersFlags: { readonly args: DomainGetSchedulerParametersFlagsArgs; readonly result: DomainGetSchedulerParametersFlagsRet };
  readonly domainPinVcpuFlags: { readonly args: DomainPinVcpuFlagsArgs; readonly result: Nothing };
  readonly domainSendKey: { readonly args: DomainSendKeyArgs; readonly result: Nothing };
  readonly nodeGetCpuStats: { readonly args: NodeGetCpuStatsArgs; readonly result: NodeGetCpuStatsRet };
  readonly nodeGetMemoryStats: { readonly args: NodeGetMemoryStatsArgs; readonly result: NodeGetMemoryStatsRet };
  readonly domainGetControlInfo: { readonly args: DomainGetControlInfoArgs; readonly result: DomainGetControlInfoRet };
  readonly domainGetVcpuPinInfo: { readonly args: DomainGetVcpuPinInfoArgs; readonly result: DomainGetVcpuPinInfoRet };
  readonly domainUndefineFlags: { readonly args: DomainUndefineFlagsArgs; readonly result: Nothing };
  readonly domainSaveFlags: { readonly args: DomainSaveFlagsArgs; readonly result: Nothing };
  readonly domainRestoreFlags: { readonly args: DomainRestoreFlagsArgs; readonly result: Nothing };
  readonly domainDestroyFlags: { readonly args: DomainDestroyFlagsArgs; readonly result: Nothing };
  readonly domainSaveImageGetXmlDesc: { readonly args: DomainSaveImageGetXmlDescArgs; readonly result: DomainSaveImageGetXmlDescRet };
  readonly domainSaveImageDefineXml: { readonly args: DomainSaveImageDefineXmlArgs; readonly result: Nothing };
  readonly domainBlockJobAbort: { readonly args: DomainBlockJobAbortArgs; readonly result: Nothing };
  readonly domainGetBlockJobInfo: { readonly args: DomainGetBlockJobInfoArgs; readonly result: DomainGetBlockJobInfoRet };
  readonly domainBlockJobSetSpeed: { readonly args: DomainBlockJobSetSpeedArgs; readonly result: Nothing };
  readonly domainBlockPull: { readonly args: DomainBlockPullArgs; readonly result: Nothing };
  readonly domainMigrateGetMaxSpeed: { readonly args: DomainMigrateGetMaxSpeedArgs; readonly result: DomainMigrateGetMaxSpeedRet };
  readonly domainBlockStatsFlags: { readonly args: DomainBlockStatsFlagsArgs; readonly result: DomainBlockStatsFlagsRet };
  readonly domainSnapshotGetParent: { readonly args: DomainSnapshotGetParentArgs; readonly result: DomainSnapshotGetParentRet };
  readonly domainReset: { readonly args: DomainResetArgs; readonly result: Nothing };
  readonly domainSnapshotNumChildren: { readonly args: DomainSnapshotNumChildrenArgs; readonly result: DomainSnapshotNumChildrenRet };
  readonly domainSnapshotListChildrenNames: { readonly args: DomainSnapshotListChildrenNamesArgs; readonly result: DomainSnapshotListChildrenNamesRet };
  readonly domainOpenGraphics: { readonly args: DomainOpenGraphicsArgs; readonly result: Nothing };
  readonly nodeSuspendForDuration: { readonly args: NodeSuspendForDurationArgs; readonly result: Nothing };
  readonly domainBlockResize: { readonly args: DomainBlockResizeArgs; readonly result: Nothing };
  readonly domainSetBlockIoTune: { readonly args: DomainSetBlockIoTuneArgs; readonly result: Nothing };
  readonly domainGetBlockIoTune: { readonly args: DomainGetBlockIoTuneArgs; readonly result: DomainGetBlockIoTuneRet };
  readonly domainSetNumaParameters: { readonly args: DomainSetNumaParametersArgs; readonly result: Nothing };
  readonly domainGetNumaParameters: { readonly args: DomainGetNumaParametersArgs; readonly result: DomainGetNumaParametersRet };
  readonly domainSetInterfaceParameters: { readonly args: DomainSetInterfaceParametersArgs; readonly result: Nothing };
  readonly domainGetInterfaceParameters: { readonly args: DomainGetInterfaceParametersArgs; readonly result: DomainGetInterfaceParametersRet };
  readonly domainShutdownFlags: { readonly args: DomainShutdownFlagsArgs; readonly result: Nothing };
  readonly storageVolWipePattern: { readonly args: StorageVolWipePatternArgs; readonly result: Nothing };
  readonly storageVolResize: { readonly args: StorageVolResizeArgs; readonly result: Nothing };
  readonly domainPmSuspendForDuration: { readonly args: DomainPmSuspendForDurationArgs; readonly result: Nothing };
  readonly domainGetCpuStats: { readonly args: DomainGetCpuStatsArgs; readonly result: DomainGetCpuStatsRet };
  readonly domainGetDiskErrors: { readonly args: DomainGetDiskErrorsArgs; readonly result: DomainGetDiskErrorsRet };
  readonly domainSetMetadata: { readonly args: DomainSetMetadataArgs; readonly result: Nothing };
  readonly domainGetMetadata: { readonly args: DomainGetMetadataArgs; readonly result: DomainGetMetadataRet };
  readonly domainBlockRebase: { readonly args: DomainBlockRebaseArgs; readonly result: Nothing };
  readonly domainPmWakeup: { readonly args: DomainPmWakeupArgs; readonly result: Nothing };
  readonly domainSnapshotIsCurrent: { readonly args: DomainSnapshotIsCurrentArgs; readonly result: DomainSnapshotIsCurrentRet };
  readonly domainSnapshotHasMetadata: { readonly args: DomainSnapshotHasMetadataArgs; readonly result: DomainSnapshotHasMetadataRet };
  readonly connectListAllDomains: { readonly args: ConnectListAllDomainsArgs; readonly result: ConnectListAllDomainsRet };
  readonly domainListAllSnapshots: { readonly args: DomainListAllSnapshotsArgs; readonly result: DomainListAllSnapshotsRet };
  readonly domainSnapshotListAllChildren: { readonly args: DomainSnapshotListAllChildrenArgs; readonly result: DomainSnapshotListAllChildrenRet };
  readonly domainGetHostname: { readonly args: DomainGetHostnameArgs; readonly result: DomainGetHostnameRet };
  readonly domainGetSecurityLabelList: { readonly args: DomainGetSecurityLabelListArgs; readonly result: DomainGetSecurityLabelListRet };
  readonly domainPinEmulator: { readonly args: DomainPinEmulatorArgs; readonly result: Nothing };
  readonly domainGetEmulatorPinInfo: { readonly args: DomainGetEmulatorPinInfoArgs; readonly result: DomainGetEmulatorPinInfoRet };
  readonly connectListAllStoragePools: { readonly args: ConnectListAllStoragePoolsArgs; readonly result: ConnectListAllStoragePoolsRet };
  readonly storagePoolListAllVolumes: { readonly args: StoragePoolListAllVolumesArgs; readonly result: StoragePoolListAllVolumesRet };
  readonly connectListAllNetworks: { readonly args: ConnectListAllNetworksArgs; readonly result: ConnectListAllNetworksRet };
  readonly connectListAllInterfaces: { readonly args: ConnectListAllInterfacesArgs; readonly result: ConnectListAllInterfacesRet };
  readonly connectListAllNodeDevices: { readonly args: ConnectListAllNodeDevicesArgs; readonly result: ConnectListAllNodeDevicesRet };
  readonly connectListAllNwfilters: { readonly args: ConnectListAllNwfiltersArgs; readonly result: ConnectListAllNwfiltersRet };
  readonly connectListAllSecrets: { readonly args: ConnectListAllSecretsArgs; readonly result: ConnectListAllSecretsRet };
  readonly nodeSetMemoryParameters: { readonly args: NodeSetMemoryParametersArgs; readonly result: Nothing };
  readonly nodeGetMemoryParameters: { readonly args: NodeGetMemoryParametersArgs; readonly result: NodeGetMemoryParametersRet };
  readonly domainBlockCommit: { readonly args: DomainBlockCommitArgs; readonly result: Nothing };
  readonly networkUpdate: { readonly args: NetworkUpdateArgs; readonly result: Nothing };
  readonly nodeGetCpuMap: { readonly args: NodeGetCpuMapArgs; readonly result: NodeGetCpuMapRet };
  readonly domainFstrim: { readonly args: DomainFstrimArgs; readonly result: Nothing };
  readonly domainSendProcessSignal: { readonly args: DomainSendProcessSignalArgs; readonly result: Nothing };
  readonly domainOpenChannel: { readonly args: DomainOpenChannelArgs; readonly result: Nothing };
  readonly nodeDeviceLookupScsiHostByWwn: { readonly args: NodeDeviceLookupScsiHostByWwnArgs; readonly result: NodeDeviceLookupScsiHostByWwnRet };
  readonly domainGetJobStats: { readonly args: DomainGetJobStatsArgs; readonly result: DomainGetJobStatsRet };
  readonly domainMigrateGetCompressionCache: { readonly args: DomainMigrateGetCompressionCacheArgs; readonly result: DomainMigrateGetCompressionCacheRet };
  readonly domainMigrateSetCompressionCache: { readonly args: DomainMigrateSetCompressionCacheArgs; readonly result: Nothing };
  readonly nodeDeviceDetachFlags: { readonly args: NodeDeviceDetachFlagsArgs; readonly result: Nothing };
  readonly domainMigrateBegin3Params: { readonly args: DomainMigrateBegin3ParamsArgs; readonly result: DomainMigrateBegin3ParamsRet };
  readonly domainMigratePrepare3Params: { readonly args: DomainMigratePrepare3ParamsArgs; readonly result: DomainMigratePrepare3ParamsRet };
  readonly domainMigratePrepareTunnel3Params: { readonly args: DomainMigratePrepareTunnel3ParamsArgs; readonly result: DomainMigratePrepareTunnel3ParamsRet };
  readonly domainMigratePerform3Params: { readonly args: DomainMigratePerform3ParamsArgs; readonly result: DomainMigratePerform3ParamsRet };
  readonly domainMigrateFinish3Params: { readonly args: DomainMigrateFinish3ParamsArgs; readonly result: DomainMigrateFinish3ParamsRet };
  readonly domainMigrateConfirm3Params: { readonly args: DomainMigrateConfirm3ParamsArgs; readonly result: Nothing };
  readonly domainSetMemoryStatsPeriod: { readonly args: DomainSetMemoryStatsPeriodArgs; readonly result: Nothing };
  readonly domainCreateXmlWithFiles: { readonly args: DomainCreateXmlWithFilesArgs; readonly result: DomainCreateXmlWithFilesRet };
  readonly domainCreateWithFiles: { readonly args: DomainCreateWithFilesArgs; readonly result: DomainCreateWithFilesRet };
  readonly connectGetCpuModelNames: { readonly args: ConnectGetCpuModelNamesArgs; readonly result: ConnectGetCpuModelNamesRet };
  readonly connectNetworkEventRegisterAny: { readonly args: ConnectNetworkEventRegisterAnyArgs; readonly result: ConnectNetworkEventRegisterAnyRet };
  readonly connectNetworkEventDeregisterAny: { readonly args: ConnectNetworkEventDeregisterAnyArgs; readonly result: Nothing };
  readonly connectDomainEventCallbackRegisterAny: { readonly args: ConnectDomainEventCallbackRegisterAnyArgs; readonly result: ConnectDomainEventCallbackRegisterAnyRet };
  readonly connectDomainEventCallbackDeregisterAny: { readonly args: ConnectDomainEventCallbackDeregisterAnyArgs; readonly result: Nothing };
  readonly domainCoreDumpWithFormat: { readonly args: DomainCoreDumpWithFormatArgs; readonly result: Nothing };
  readonly domainFsfreeze: { readonly args: DomainFsfreezeArgs; readonly result: DomainFsfreezeRet };
  readonly domainFsthaw: { readonly args: DomainFsthawArgs; readonly result: DomainFsthawRet };
  readonly domainGetTime: { readonly args: DomainGetTimeArgs; readonly result: DomainGetTimeRet };
  readonly domainSetTime: { readonly args: DomainSetTimeArgs; readonly result: Nothing };
  readonly nodeGetFreePages: { readonly args: NodeGetFreePagesArgs; readonly result: NodeGetFreePagesRet };
  readonly networkGetDhcpLeases: { readonly args: NetworkGetDhcpLeasesArgs; readonly result: NetworkGetDhcpLeasesRet };
  readonly connectGetDomainCapabilities: { readonly args: ConnectGetDomainCapabilitiesArgs; readonly result: ConnectGetDomainCapabilitiesRet };
  readonly domainOpenGraphicsFd: { readonly args: DomainOpenGraphicsFdArgs; readonly result: Nothing };
  readonly connectGetAllDomainStats: { readonly args: ConnectGetAllDomainStatsArgs; readonly result: ConnectGetAllDomainStatsRet };
  readonly domainBlockCopy: { readonly args: DomainBlockCopyArgs; readonly result: Nothing };
  readonly nodeAllocPages: { readonly args: NodeAllocPagesArgs; readonly result: NodeAllocPagesRet };
  readonly domainGetFsinfo: { readonly args: DomainGetFsinfoArgs; readonly result: DomainGetFsinfoRet };
  readonly domainDefineXmlFlags: { readonly args: DomainDefineXmlFlagsArgs; readonly result: DomainDefineXmlFlagsRet };
  readonly domainGetIothreadInfo: { readonly args: DomainGetIothreadInfoArgs; readonly result: DomainGetIothreadInfoRet };
  readonly domainPinIothread: { readonly args: DomainPinIothreadArgs; readonly result: Nothing };
  readonly domainInterfaceAddresses: { readonly args: DomainInterfaceAddressesArgs; readonly result: DomainInterfaceAddressesRet };
  readonly domainAddIothread: { readonly args: DomainAddIothreadArgs; readonly result: Nothing };
  readonly domainDelIothread: { readonly args: DomainDelIothreadArgs; readonly result: Nothing };
  readonly domainSetUserPassword: { readonly args: DomainSetUserPasswordArgs; readonly result: Nothing };
  readonly domainRename: { readonly args: DomainRenameArgs; readonly result: DomainRenameRet };
  readonly connectRegisterCloseCallback: { readonly args: Nothing; readonly result: Nothing };
  readonly connectUnregisterCloseCallback: { readonly args: Nothing; readonly result: Nothing };
  readonly domainMigrateStartPostCopy: { readonly args: DomainMigrateStartPostCopyArgs; readonly result: Nothing };
  readonly domainGetPerfEvents: { readonly args: DomainGetPerfEventsArgs; readonly result: DomainGetPerfEventsRet };
  readonly domainSetPerfEvents: { readonly args: DomainSetPerfEventsArgs; readonly result: Nothing };
  readonly connectStoragePoolEventRegisterAny: { readonly args: ConnectStoragePoolEventRegisterAnyArgs; readonly result: ConnectStoragePoolEventRegisterAnyRet };
  readonly connectStoragePoolEventDeregisterAny: { readonly args: ConnectStoragePoolEventDeregisterAnyArgs; readonly result: Nothing };
  readonly domainGetGuestVcpus: { readonly args: DomainGetGuestVcpusArgs; readonly result: DomainGetGuestVcpusRet };
  readonly domainSetGuestVcpus: { readonly args: DomainSetGuestVcpusArgs; readonly result: Nothing };
  readonly connectNodeDeviceEventRegisterAny: { readonly args: ConnectNodeDeviceEventRegisterAnyArgs; readonly result: ConnectNodeDeviceEventRegisterAnyRet };
  readonly connectNodeDeviceEventDeregisterAny: { readonly args: ConnectNodeDeviceEventDeregisterAnyArgs; readonly result: Nothing };
  readonly storageVolGetInfoFlags: { readonly args: StorageVolGetInfoFlagsArgs; readonly result: StorageVolGetInfoFlagsRet };
  readonly connectSecretEventRegisterAny: { readonly args: ConnectSecretEventRegisterAnyArgs; readonly result: ConnectSecretEventRegisterAnyRet };
  readonly connectSecretEventDeregisterAny: { readonly args: ConnectSecretEventDeregisterAnyArgs; readonly result: Nothing };
  readonly domainSetVcpu: { readonly args: DomainSetVcpuArgs; readonly result: Nothing };
  readonly domainSetBlockThreshold: { readonly args: DomainSetBlockThresholdArgs; readonly result: Nothing };
  readonly domainMigrateGetMaxDowntime: { readonly args: DomainMigrateGetMaxDowntimeArgs; readonly result: DomainMigrateGetMaxDowntimeRet };
  readonly domainManagedSaveGetXmlDesc: { readonly args: DomainManagedSaveGetXmlDescArgs; readonly result: DomainManagedSaveGetXmlDescRet };
  readonly domainManagedSaveDefineXml: { readonly args: DomainManagedSaveDefineXmlArgs; readonly result: Nothing };
  readonly domainSetLifecycleAction: { readonly args: DomainSetLifecycleActionArgs; readonly result: Nothing };
  readonly storagePoolLookupByTargetPath: { readonly args: StoragePoolLookupByTargetPathArgs; readonly result: StoragePoolLookupByTargetPathRet };
  readonly domainDetachDeviceAlias: { readonly args: DomainDetachDeviceAliasArgs; readonly result: Nothing };
  readonly connectCompareHypervisorCpu: { readonly args: ConnectCompareHypervisorCpuArgs; readonly result: ConnectCompareHypervisorCpuRet };
  readonly connectBaselineHypervisorCpu: { readonly args: ConnectBaselineHypervisorCpuArgs; readonly result: ConnectBaselineHypervisorCpuRet };
  readonly nodeGetSevInfo: { readonly args: NodeGetSevInfoArgs; readonly result: NodeGetSevInfoRet };
  readonly domainGetLaunchSecurityInfo: { readonly args: DomainGetLaunchSecurityInfoArgs; readonly result: DomainGetLaunchSecurityInfoRet };
  readonly nwfilterBindingLookupByPortDev: { readonly args: NwfilterBindingLookupByPortDevArgs; readonly result: NwfilterBindingLookupByPortDevRet };
  readonly nwfilterBindingGetXmlDesc: { readonly args: NwfilterBindingGetXmlDescArgs; readonly result: NwfilterBindingGetXmlDescRet };
  readonly nwfilterBindingCreateXml: { readonly args: NwfilterBindingCreateXmlArgs; readonly result: NwfilterBindingCreateXmlRet };
  readonly nwfilterBindingDelete: { readonly args: NwfilterBindingDeleteArgs; readonly result: Nothing };
  readonly connectListAllNwfilterBindings: { readonly args: ConnectListAllNwfilterBindingsArgs; readonly result: ConnectListAllNwfilterBindingsRet };
  readonly domainSetIothreadParams: { readonly args: DomainSetIothreadParamsArgs; readonly result: Nothing };
  readonly connectGetStoragePoolCapabilities: { readonly args: ConnectGetStoragePoolCapabilitiesArgs; readonly result: ConnectGetStoragePoolCapabilitiesRet };
  readonly networkListAllPorts: { readonly args: NetworkListAllPortsArgs; readonly result: NetworkListAllPortsRet };
  readonly networkPortLookupByUuid: { readonly args: NetworkPortLookupByUuidArgs; readonly result: NetworkPortLookupByUuidRet };
  readonly networkPortCreateXml: { readonly args: NetworkPortCreateXmlArgs; readonly result: NetworkPortCreateXmlRet };
  readonly networkPortGetParameters: { readonly args: NetworkPortGetParametersArgs; readonly result: NetworkPortGetParametersRet };
  readonly networkPortSetParameters: { readonly args: NetworkPortSetParametersArgs; readonly result: Nothing };
  readonly networkPortGetXmlDesc: { readonly args: NetworkPortGetXmlDescArgs; readonly result: NetworkPortGetXmlDescRet };
  readonly networkPortDelete: { readonly args: NetworkPortDeleteArgs; readonly result: Nothing };
  readonly domainCheckpointCreateXml: { readonly args: DomainCheckpointCreateXmlArgs; readonly result: DomainCheckpointCreateXmlRet };
  readonly domainCheckpointGetXmlDesc: { readonly args: DomainCheckpointGetXmlDescArgs; readonly result: DomainCheckpointGetXmlDescRet };
  readonly domainListAllCheckpoints: { readonly args: DomainListAllCheckpointsArgs; readonly result: DomainListAllCheckpointsRet };
  readonly domainCheckpointListAllChildren: { readonly args: DomainCheckpointListAllChildrenArgs; readonly result: DomainCheckpointListAllChildrenRet };
  readonly domainCheckpointLookupByName: { readonly args: DomainCheckpointLookupByNameArgs; readonly result: DomainCheckpointLookupByNameRet };
  readonly domainCheckpointGetParent: { readonly args: DomainCheckpointGetParentArgs; readonly result: DomainCheckpointGetParentRet };
  readonly domainCheckpointDelete: { readonly args: DomainCheckpointDeleteArgs; readonly result: Nothing };
  readonly domainGetGuestInfo: { readonly args: DomainGetGuestInfoArgs; readonly result: DomainGetGuestInfoRet };
  readonly connectSetIdentity: { readonly args: ConnectSetIdentityArgs; readonly result: Nothing };
  readonly domainAgentSetResponseTimeout: { readonly args: DomainAgentSetResponseTimeoutArgs; readonly result: DomainAgentSetResponseTimeoutRet };
  readonly domainBackupBegin: { readonly args: DomainBackupBeginArgs; readonly result: Nothing };
  readonly domainBackupGetXmlDesc: { readonly args: DomainBackupGetXmlDescArgs; readonly result: DomainBackupGetXmlDescRet };
  readonly domainAuthorizedSshKeysGet: { readonly args: DomainAuthorizedSshKeysGetArgs; readonly result: DomainAuthorizedSshKeysGetRet };
  readonly domainAuthorizedSshKeysSet: { readonly args: DomainAuthorizedSshKeysSetArgs; readonly result: Nothing };
  readonly domainGetMessages: { readonly args: DomainGetMessagesArgs; readonly result: DomainGetMessagesRet };
  readonly domainStartDirtyRateCalc: { readonly args: DomainStartDirtyRateCalcArgs; readonly result: Nothing };
  readonly nodeDeviceDefineXml: { readonly args: NodeDeviceDefineXmlArgs; readonly result: NodeDeviceDefineXmlRet };
  readonly nodeDeviceUndefine: { readonly args: NodeDeviceUndefineArgs; readonly result: Nothing };
  readonly nodeDeviceCreate: { readonly args: NodeDeviceCreateArgs; readonly result: Nothing };
  readonly nwfilterDefineXmlFlags: { readonly args: NwfilterDefineXmlFlagsArgs; readonly result: NwfilterDefineXmlFlagsRet };
  readonly networkDefineXmlFlags: { readonly args: NetworkDefineXmlFlagsArgs; readonly result: NetworkDefineXmlFlagsRet };
  readonly nodeDeviceGetAutostart: { readonly args: NodeDeviceGetAutostartArgs; readonly result: NodeDeviceGetAutostartRet };
  readonly nodeDeviceSetAutostart: { readonly args: NodeDeviceSetAutostartArgs; readonly result: Nothing };
  readonly nodeDeviceIsPersistent: { readonly args: NodeDeviceIsPersistentArgs; readonly result: NodeDeviceIsPersistentRet };
  readonly nodeDeviceIsActive: { readonly args: NodeDeviceIsActiveArgs; readonly result: NodeDeviceIsActiveRet };
  readonly networkCreateXmlFlags: { readonly args: NetworkCreateXmlFlagsArgs; readonly result: NetworkCreateXmlFlagsRet };
  readonly domainSetLaunchSecurityState: { readonly args: DomainSetLaunchSecurityStateArgs; readonly result: Nothing };
  readonly domainSaveParams: { readonly args: DomainSaveParamsArgs; readonly result: Nothing };
  readonly domainRestoreParams: { readonly args: DomainRestoreParamsArgs; readonly result: Nothing };
  readonly domainAbortJobFlags: { readonly args: DomainAbortJobFlagsArgs; readonly result: Nothing };
  readonly domainFdAssociate: { readonly args: DomainFdAssociateArgs; readonly result: Nothing };
  readonly networkSetMetadata: { readonly args: NetworkSetMetadataArgs; readonly result: Nothing };
  readonly networkGetMetadata: { readonly args: NetworkGetMetadataArgs; readonly result: NetworkGetMetadataRet };
  readonly nodeDeviceUpdate: { readonly args: NodeDeviceUpdateArgs; readonly result: Nothing };
  readonly domainGraphicsReload: { readonly args: DomainGraphicsReloadArgs; readonly result: Nothing };
  readonly domainGetAutostartOnce: { readonly args: DomainGetAutostartOnceArgs; readonly result: DomainGetAutostartOnceRet };
  readonly domainSetAutostartOnce: { readonly args: DomainSetAutostartOnceArgs; readonly result: Nothing };
  readonly domainSetThrottleGroup: { readonly args: DomainSetThrottleGroupArgs; readonly result: Nothing };
  readonly domainDelThrottleGroup: { readonly args: DomainDelThrottleGroupArgs; readonly result: Nothing };
  readonly qemuDomainMonitorCommand: { readonly args: QemuDomainMonitorCommandArgs; readonly result: QemuDomainMonitorCommandRet };
  readonly qemuDomainAttach: { readonly args: QemuDomainAttachArgs; readonly result: QemuDomainAttachRet };
  readonly qemuDomainAgentCommand: { readonly args: QemuDomainAgentCommandArgs; readonly result: QemuDomainAgentCommandRet };
  readonly qemuConnectDomainMonitorEventRegister: { readonly args: QemuConnectDomainMonitorEventRegisterArgs; readonly result: QemuConnectDomainMonitorEventRegisterRet };
  readonly qemuConnectDomainMonitorEventDeregister: { readonly args: QemuConnectDomainMonitorEventDeregisterArgs; readonly result: Nothing };
  readonly qemuDomainMonitorCommandWithFiles: { readonly args: QemuDomainMonitorCommandWithFilesArgs; readonly result: QemuDomainMonitorCommandWithFilesRet };
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
  connectOpen: { program: 0x20008086, version: 1, procedure: 1, args: connectOpenArgs, result: nothing },
  connectClose: { program: 0x20008086, version: 1, procedure: 2, args: nothing, result: nothing },
  connectGetType: { program: 0x20008086, version: 1, procedure: 3, args: nothing, result: connectGetTypeRet },
  connectGetVersion: { program: 0x20008086, version: 1, procedure: 4, args: nothing, result: connectGetVersionRet },
  connectGetMaxVcpus: { program: 0x20008086, version: 1, procedure: 5, args: connectGetMaxVcpusArgs, result: connectGetMaxVcpusRet },
  nodeGetInfo: { program: 0x20008086, version: 1, procedure: 6, args: nothing, result: nodeGetInfoRet },
  connectGetCapabilities: { program: 0x20008086, version: 1, procedure: 7, args: nothing, result: connectGetCapabilitiesRet },
  domainAttachDevice: { program: 0x20008086, version: 1, procedure: 8, args: domainAttachDeviceArgs, result: nothing },
  domainCreate: { program: 0x20008086, version: 1, procedure: 9, args: domainCreateArgs, result: nothing },
  domainCreateXml: { program: 0x20008086, version: 1, procedure: 10, args: domainCreateXmlArgs, result: domainCreateXmlRet },
  domainDefineXml: { program: 0x20008086, version: 1, procedure: 11, args: domainDefineXmlArgs, result: domainDefineXmlRet },
  domainDestroy: { program: 0x20008086, version: 1, procedure: 12, args: domainDestroyArgs, result: nothing },
  domainDetachDevice: { program: 0x20008086, version: 1, procedure: 13, args: domainDetachDeviceArgs, result: nothing },
  domainGetXmlDesc: { program: 0x20008086, version: 1, procedure: 14, args: domainGetXmlDescArgs, result: domainGetXmlDescRet },
  domainGetAutostart: { program: 0x20008086, version: 1, procedure: 15, args: domainGetAutostartArgs, result: domainGetAutostartRet },
  domainGetInfo: { program: 0x20008086, version: 1, procedure: 16, args: domainGetInfoArgs, result: domainGetInfoRet },
  domainGetMaxMemory: { program: 0x20008086, version: 1, procedure: 17, args: domainGetMaxMemoryArgs, result: domainGetMaxMemoryRet },
  domainGetMaxVcpus: { program: 0x20008086, version: 1, procedure: 18, args: domainGetMaxVcpusArgs, result: domainGetMaxVcpusRet },
  domainGetOsType: { program: 0x20008086, version: 1, procedure: 19, args: domainGetOsTypeArgs, result: domainGetOsTypeRet },
  domainGetVcpus: { program: 0x20008086, version: 1, procedure: 20, args: domainGetVcpusArgs, result: domainGetVcpusRet },
  connectListDefinedDomains: { program: 0x20008086, version: 1, procedure: 21, args: connectListDefinedDomainsArgs, result: connectListDefinedDomainsRet },
  domainLookupById: { program: 0x20008086, version: 1, procedure: 22, args: domainLookupByIdArgs, result: domainLookupByIdRet },
  domainLookupByName: { program: 0x20008086, version: 1, procedure: 23, args: domainLookupByNameArgs, result: domainLookupByNameRet },
  domainLookupByUuid: { program: 0x20008086, version: 1, procedure: 24, args: domainLookupByUuidArgs, result: domainLookupByUuidRet },
  connectNumOfDefinedDomains: { program: 0x20008086, version: 1, procedure: 25, args: nothing, result: connectNumOfDefinedDomainsRet },
  domainPinVcpu: { program: 0x20008086, version: 1, procedure: 26, args: domainPinVcpuArgs, result: nothing },
  domainReboot: { program: 0x20008086, version: 1, procedure: 27, args: domainRebootArgs, result: nothing },
  domainResume: { program: 0x20008086, version: 1, procedure: 28, args: domainResumeArgs, result: nothing },
  domainSetAutostart: { program: 0x20008086, version: 1, procedure: 29, args: domainSetAutostartArgs, result: nothing },
  domainSetMaxMemory: { program: 0x20008086, version: 1, procedure: 30, args: domainSetMaxMemoryArgs, result: nothing },
  domainSetMemory: { program: 0x20008086, version: 1, procedure: 31, args: domainSetMemoryArgs, result: nothing },
  domainSetVcpus: { program: 0x20008086, version: 1, procedure: 32, args: domainSetVcpusArgs, result: nothing },
  domainShutdown: { program: 0x20008086, version: 1, procedure: 33, args: domainShutdownArgs, result: nothing },
  domainSuspend: { program: 0x20008086, version: 1, procedure: 34, args: domainSuspendArgs, result: nothing },
  domainUndefine: { program: 0x20008086, version: 1, procedure: 35, args: domainUndefineArgs, result: nothing },
  connectListDefinedNetworks: { program: 0x20008086, version: 1, procedure: 36, args: connectListDefinedNetworksArgs, result: connectListDefinedNetworksRet },
  connectListDomains: { program: 0x20008086, version: 1, procedure: 37, args: connectListDomainsArgs, result: connectListDomainsRet },
  connectListNetworks: { program: 0x20008086, version: 1, procedure: 38, args: connectListNetworksArgs, result: connectListNetworksRet },
  networkCreate: { program: 0x20008086, version: 1, procedure: 39, args: networkCreateArgs, result: nothing },
  networkCreateXml: { program: 0x20008086, version: 1, procedure: 40, args: networkCreateXmlArgs, result: networkCreateXmlRet },
  networkDefineXml: { program: 0x20008086, version: 1, procedure: 41, args: networkDefineXmlArgs, result: networkDefineXmlRet },
  networkDestroy: { program: 0x20008086, version: 1, procedure: 42, args: networkDestroyArgs, result: nothing },
  networkGetXmlDesc: { program: 0x20008086, version: 1, procedure: 43, args: networkGetXmlDescArgs, result: networkGetXmlDescRet },
  networkGetAutostart: { program: 0x20008086, version: 1, procedure: 44, args: networkGetAutostartArgs, result: networkGetAutostartRet },
  networkGetBridgeName: { program: 0x20008086, version: 1, procedure: 45, args: networkGetBridgeNameArgs, result: networkGetBridgeNameRet },
  networkLookupByName: { program: 0x20008086, version: 1, procedure: 46, args: networkLookupByNameArgs, result: networkLookupByNameRet },
  networkLookupByUuid: { program: 0x20008086, version: 1, procedure: 47, args: networkLookupByUuidArgs, result: networkLookupByUuidRet },
  networkSetAutostart: { program: 0x20008086, version: 1, procedure: 48, args: networkSetAutostartArgs, result: nothing },
  networkUndefine: { program: 0x20008086, version: 1, procedure: 49, args: networkUndefineArgs, result: nothing },
  connectNumOfDefinedNetworks: { program: 0x20008086, version: 1, procedure: 50, args: nothing, result: connectNumOfDefinedNetworksRet },
  connectNumOfDomains: { program: 0x20008086, version: 1, procedure: 51, args: nothing, result: connectNumOfDomainsRet },
  connectNumOfNetworks: { program: 0x20008086, version: 1, procedure: 52, args: nothing, result: connectNumOfNetworksRet },
  domainCoreDump: { program: 0x20008086, version: 1, procedure: 53, args: domainCoreDumpArgs, result: nothing },
  domainRestore: { program: 0x20008086, version: 1, procedure: 54, args: domainRestoreArgs, result: nothing },
  domainSave: { program: 0x20008086, version: 1, procedure: 55, args: domainSaveArgs, result: nothing },
  domainGetSchedulerType: { program: 0x20008086, version: 1, procedure: 56, args: domainGetSchedulerTypeArgs, result: domainGetSchedulerTypeRet },
  domainGetSchedulerParameters: { program: 0x20008086, version: 1, procedure: 57, args: domainGetSchedulerParametersArgs, result: domainGetSchedulerParametersRet },
  domainSetSchedulerParameters: { program: 0x20008086, version: 1, procedure: 58, args: domainSetSchedulerParametersArgs, result: nothing },
  connectGetHostname: { program: 0x20008086, version: 1, procedure: 59, args: nothing, result: connectGetHostnameRet },
  connectSupportsFeature: { program: 0x20008086, version: 1, procedure: 60, args: connectSupportsFeatureArgs, result: connectSupportsFeatureRet },
  domainMigratePrepare: { program: 0x20008086, version: 1, procedure: 61, args: domainMigratePrepareArgs, result: domainMigratePrepareRet },
  domainMigratePerform: { program: 0x20008086, version: 1, procedure: 62, args: domainMigratePerformArgs, result: nothing },
  domainMigrateFinish: { program: 0x20008086, version: 1, procedure: 63, args: domainMigrateFinishArgs, result: domainMigrateFinishRet },
  domainBlockStats: { program: 0x20008086, version: 1, procedure: 64, args: domainBlockStatsArgs, result: domainBlockStatsRet },
  domainInterfaceStats: { program: 0x20008086, version: 1, procedure: 65, args: domainInterfaceStatsArgs, result: domainInterfaceStatsRet },
  authList: { program: 0x20008086, version: 1, procedure: 66, args: nothing, result: authListRet },
  authSaslInit: { program: 0x20008086, version: 1, procedure: 67, args: nothing, result: authSaslInitRet },
  authSaslStart: { program: 0x20008086, version: 1, procedure: 68, args: authSaslStartArgs, result: authSaslStartRet },
  authSaslStep: { program: 0x20008086, version: 1, procedure: 69, args: authSaslStepArgs, result: authSaslStepRet },
  authPolkit: { program: 0x20008086, version: 1, procedure: 70, args: nothing, result: authPolkitRet },
  connectNumOfStoragePools: { program: 0x20008086, version: 1, procedure: 71, args: nothing, result: connectNumOfStoragePoolsRet },
  connectListStoragePools: { program: 0x20008086, version: 1, procedure: 72, args: connectListStoragePoolsArgs, result: connectListStoragePoolsRet },
  connectNumOfDefinedStoragePools: { program: 0x20008086, version: 1, procedure: 73, args: nothing, result: connectNumOfDefinedStoragePoolsRet },
  connectListDefinedStoragePools: { program: 0x20008086, version: 1, procedure: 74, args: connectListDefinedStoragePoolsArgs, result: connectListDefinedStoragePoolsRet },
  connectFindStoragePoolSources: { program: 0x20008086, version: 1, procedure: 75, args: connectFindStoragePoolSourcesArgs, result: connectFindStoragePoolSourcesRet },
  storagePoolCreateXml: { program: 0x20008086, version: 1, procedure: 76, args: storagePoolCreateXmlArgs, result: storagePoolCreateXmlRet },
  storagePoolDefineXml: { program: 0x20008086, version: 1, procedure: 77, args: storagePoolDefineXmlArgs, result: storagePoolDefineXmlRet },
  storagePoolCreate: { program: 0x20008086, version: 1, procedure: 78, args: storagePoolCreateArgs, result: nothing },
  storagePoolBuild: { program: 0x20008086, version: 1, procedure: 79, args: storagePoolBuildArgs, result: nothing },
  storagePoolDestroy: { program: 0x20008086, version: 1, procedure: 80, args: storagePoolDestroyArgs, result: nothing },
  storagePoolDelete: { program: 0x20008086, version: 1, procedure: 81, args: storagePoolDeleteArgs, result: nothing },
  storagePoolUndefine: { program: 0x20008086, version: 1, procedure: 82, args: storagePoolUndefineArgs, result: nothing },
  storagePoolRefresh: { program: 0x20008086, version: 1, procedure: 83, args: storagePoolRefreshArgs, result: nothing },
  storagePoolLookupByName: { program: 0x20008086, version: 1, procedure: 84, args: storagePoolLookupByNameArgs, result: storagePoolLookupByNameRet },
  storagePoolLookupByUuid: { program: 0x20008086, version: 1, procedure: 85, args: storagePoolLookupByUuidArgs, result: storagePoolLookupByUuidRet },
  storagePoolLookupByVolume: { program: 0x20008086, version: 1, procedure: 86, args: storagePoolLookupByVolumeArgs, result: storagePoolLookupByVolumeRet },
  storagePoolGetInfo: { program: 0x20008086, version: 1, procedure: 87, args: storagePoolGetInfoArgs, result: storagePoolGetInfoRet },
  storagePoolGetXmlDesc: { program: 0x20008086, version: 1, procedure: 88, args: storagePoolGetXmlDescArgs, result: storagePoolGetXmlDescRet },
  storagePoolGetAutostart: { program: 0x20008086, version: 1, procedure: 89, args: storagePoolGetAutostartArgs, result: storagePoolGetAutostartRet },
  storagePoolSetAutostart: { program: 0x20008086, version: 1, procedure: 90, args: storagePoolSetAutostartArgs, result: nothing },
  storagePoolNumOfVolumes: { program: 0x20008086, version: 1, procedure: 91, args: storagePoolNumOfVolumesArgs, result: storagePoolNumOfVolumesRet },
  storagePoolListVolumes: { program: 0x20008086, version: 1, procedure: 92, args: storagePoolListVolumesArgs, result: storagePoolListVolumesRet },
  storageVolCreateXml: { program: 0x20008086, version: 1, procedure: 93, args: storageVolCreateXmlArgs, result: storageVolCreateXmlRet },
  storageVolDelete: { program: 0x20008086, version: 1, procedure: 94, args: storageVolDeleteArgs, result: nothing },
  storageVolLookupByName: { program: 0x20008086, version: 1, procedure: 95, args: storageVolLookupByNameArgs, result: storageVolLookupByNameRet },
  storageVolLookupByKey: { program: 0x20008086, version: 1, procedure: 96, args: storageVolLookupByKeyArgs, result: storageVolLookupByKeyRet },
  storageVolLookupByPath: { program: 0x20008086, version: 1, procedure: 97, args: storageVolLookupByPathArgs, result: storageVolLookupByPathRet },
  storageVolGetInfo: { program: 0x20008086, version: 1, procedure: 98, args: storageVolGetInfoArgs, result: storageVolGetInfoRet },
  storageVolGetXmlDesc: { program: 0x20008086, version: 1, procedure: 99, args: storageVolGetXmlDescArgs, result: storageVolGetXmlDescRet },
  storageVolGetPath: { program: 0x20008086, version: 1, procedure: 100, args: storageVolGetPathArgs, result: storageVolGetPathRet },
  nodeGetCellsFreeMemory: { program: 0x20008086, version: 1, procedure: 101, args: nodeGetCellsFreeMemoryArgs, result: nodeGetCellsFreeMemoryRet },
  nodeGetFreeMemory: { program: 0x20008086, version: 1, procedure: 102, args: nothing, result: nodeGetFreeMemoryRet },
  domainBlockPeek: { program: 0x20008086, version: 1, procedure: 103, args: domainBlockPeekArgs, result: domainBlockPeekRet },
  domainMemoryPeek: { program: 0x20008086, version: 1, procedure: 104, args: domainMemoryPeekArgs, result: domainMemoryPeekRet },
  connectDomainEventRegister: { program: 0x20008086, version: 1, procedure: 105, args: nothing, result: connectDomainEventRegisterRet },
  connectDomainEventDeregister: { program: 0x20008086, version: 1, procedure: 106, args: nothing, result: connectDomainEventDeregisterRet },
  domainMigratePrepare2: { program: 0x20008086, version: 1, procedure: 108, args: domainMigratePrepare2Args, result: domainMigratePrepare2Ret },
  domainMigrateFinish2: { program: 0x20008086, version: 1, procedure: 109, args: domainMigrateFinish2Args, result: domainMigrateFinish2Ret },
  connectGetUri: { program: 0x20008086, version: 1, procedure: 110, args: nothing, result: connectGetUriRet },
  nodeNumOfDevices: { program: 0x20008086, version: 1, procedure: 111, args: nodeNumOfDevicesArgs, result: nodeNumOfDevicesRet },
  nodeListDevices: { program: 0x20008086, version: 1, procedure: 112, args: nodeListDevicesArgs, result: nodeListDevicesRet },
  nodeDeviceLookupByName: { program: 0x20008086, version: 1, procedure: 113, args: nodeDeviceLookupByNameArgs, result: nodeDeviceLookupByNameRet },
  nodeDeviceGetXmlDesc: { program: 0x20008086, version: 1, procedure: 114, args: nodeDeviceGetXmlDescArgs, result: nodeDeviceGetXmlDescRet },
  nodeDeviceGetParent: { program: 0x20008086, version: 1, procedure: 115, args: nodeDeviceGetParentArgs, result: nodeDeviceGetParentRet },
  nodeDeviceNumOfCaps: { program: 0x20008086, version: 1, procedure: 116, args: nodeDeviceNumOfCapsArgs, result: nodeDeviceNumOfCapsRet },
  nodeDeviceListCaps: { program: 0x20008086, version: 1, procedure: 117, args: nodeDeviceListCapsArgs, result: nodeDeviceListCapsRet },
  nodeDeviceDettach: { program: 0x20008086, version: 1, procedure: 118, args: nodeDeviceDettachArgs, result: nothing },
  nodeDeviceReAttach: { program: 0x20008086, version: 1, procedure: 119, args: nodeDeviceReAttachArgs, result: nothing },
  nodeDeviceReset: { program: 0x20008086, version: 1, procedure: 120, args: nodeDeviceResetArgs, result: nothing },
  domainGetSecurityLabel: { program: 0x20008086, version: 1, procedure: 121, args: domainGetSecurityLabelArgs, result: domainGetSecurityLabelRet },
  nodeGetSecurityModel: { program: 0x20008086, version: 1, procedure: 122, args: nothing, result: nodeGetSecurityModelRet },
  nodeDeviceCreateXml: { program: 0x20008086, version: 1, procedure: 123, args: nodeDeviceCreateXmlArgs, result: nodeDeviceCreateXmlRet },
  nodeDeviceDestroy: { program: 0x20008086, version: 1, procedure: 124, args: nodeDeviceDestroyArgs, result: nothing },
  storageVolCreateXmlFrom: { program: 0x20008086, version: 1, procedure: 125, args: storageVolCreateXmlFromArgs, result: storageVolCreateXmlFromRet },
  connectNumOfInterfaces: { program: 0x20008086, version: 1, procedure: 126, args: nothing, result: connectNumOfInterfacesRet },
  connectListInterfaces: { program: 0x20008086, version: 1, procedure: 127, args: connectListInterfacesArgs, result: connectListInterfacesRet },
  interfaceLookupByName: { program: 0x20008086, version: 1, procedure: 128, args: interfaceLookupByNameArgs, result: interfaceLookupByNameRet },
  interfaceLookupByMacString: { program: 0x20008086, version: 1, procedure: 129, args: interfaceLookupByMacStringArgs, result: interfaceLookupByMacStringRet },
  interfaceGetXmlDesc: { program: 0x20008086, version: 1, procedure: 130, args: interfaceGetXmlDescArgs, result: interfaceGetXmlDescRet },
  interfaceDefineXml: { program: 0x20008086, version: 1, procedure: 131, args: interfaceDefineXmlArgs, result: interfaceDefineXmlRet },
  interfaceUndefine: { program: 0x20008086, version: 1, procedure: 132, args: interfaceUndefineArgs, result: nothing },
  interfaceCreate: { program: 0x20008086, version: 1, procedure: 133, args: interfaceCreateArgs, result: nothing },
  interfaceDestroy: { program: 0x20008086, version: 1, procedure: 134, args: interfaceDestroyArgs, result: nothing },
  connectDomainXmlFromNative: { program: 0x20008086, version: 1, procedure: 135, args: connectDomainXmlFromNativeArgs, result: connectDomainXmlFromNativeRet },
  connectDomainXmlToNative: { program: 0x20008086, version: 1, procedure: 136, args: connectDomainXmlToNativeArgs, result: connectDomainXmlToNativeRet },
  connectNumOfDefinedInterfaces: { program: 0x20008086, version: 1, procedure: 137, args: nothing, result: connectNumOfDefinedInterfacesRet },
  connectListDefinedInterfaces: { program: 0x20008086, version: 1, procedure: 138, args: connectListDefinedInterfacesArgs, result: connectListDefinedInterfacesRet },
  connectNumOfSecrets: { program: 0x20008086, version: 1, procedure: 139, args: nothing, result: connectNumOfSecretsRet },
  connectListSecrets: { program: 0x20008086, version: 1, procedure: 140, args: connectListSecretsArgs, result: connectListSecretsRet },
  secretLookupByUuid: { program: 0x20008086, version: 1, procedure: 141, args: secretLookupByUuidArgs, result: secretLookupByUuidRet },
  secretDefineXml: { program: 0x20008086, version: 1, procedure: 142, args: secretDefineXmlArgs, result: secretDefineXmlRet },
  secretGetXmlDesc: { program: 0x20008086, version: 1, procedure: 143, args: secretGetXmlDescArgs, result: secretGetXmlDescRet },
  secretSetValue: { program: 0x20008086, version: 1, procedure: 144, args: secretSetValueArgs, result: nothing },
  secretGetValue: { program: 0x20008086, version: 1, procedure: 145, args: secretGetValueArgs, result: secretGetValueRet },
  secretUndefine: { program: 0x20008086, version: 1, procedure: 146, args: secretUndefineArgs, result: nothing },
  secretLookupByUsage: { program: 0x20008086, version: 1, procedure: 147, args: secretLookupByUsageArgs, result: secretLookupByUsageRet },
  domainMigratePrepareTunnel: { program: 0x20008086, version: 1, procedure: 148, args: domainMigratePrepareTunnelArgs, result: nothing, stream: "write" },
  connectIsSecure: { program: 0x20008086, version: 1, procedure: 149, args: nothing, result: connectIsSecureRet },
  domainIsActive: { program: 0x20008086, version: 1, procedure: 150, args: domainIsActiveArgs, result: domainIsActiveRet },
  domainIsPersistent: { program: 0x20008086, version: 1, procedure: 151, args: domainIsPersistentArgs, result: domainIsPersistentRet },
  networkIsActive: { program: 0x20008086, version: 1, procedure: 152, args: networkIsActiveArgs, result: networkIsActiveRet },
  networkIsPersistent: { program: 0x20008086, version: 1, procedure: 153, args: networkIsPersistentArgs, result: networkIsPersistentRet },
  storagePoolIsActive: { program: 0x20008086, version: 1, procedure: 154, args: storagePoolIsActiveArgs, result: storagePoolIsActiveRet },
  storagePoolIsPersistent: { program: 0x20008086, version: 1, procedure: 155, args: storagePoolIsPersistentArgs, result: storagePoolIsPersistentRet },
  interfaceIsActive: { program: 0x20008086, version: 1, procedure: 156, args: interfaceIsActiveArgs, result: interfaceIsActiveRet },
  connectGetLibVersion: { program: 0x20008086, version: 1, procedure: 157, args: nothing, result: connectGetLibVersionRet },
  connectCompareCpu: { program: 0x20008086, version: 1, procedure: 158, args: connectCompareCpuArgs, result: connectCompareCpuRet },
  domainMemoryStats: { program: 0x20008086, version: 1, procedure: 159, args: domainMemoryStatsArgs, result: domainMemoryStatsRet },
  domainAttachDeviceFlags: { program: 0x20008086, version: 1, procedure: 160, args: domainAttachDeviceFlagsArgs, result: nothing },
  domainDetachDeviceFlags: { program: 0x20008086, version: 1, procedure: 161, args: domainDetachDeviceFlagsArgs, result: nothing },
  connectBaselineCpu: { program: 0x20008086, version: 1, procedure: 162, args: connectBaselineCpuArgs, result: connectBaselineCpuRet },
  domainGetJobInfo: { program: 0x20008086, version: 1, procedure: 163, args: domainGetJobInfoArgs, result: domainGetJobInfoRet },
  domainAbortJob: { program: 0x20008086, version: 1, procedure: 164, args: domainAbortJobArgs, result: nothing },
  storageVolWipe: { program: 0x20008086, version: 1, procedure: 165, args: storageVolWipeArgs, result: nothing },
  domainMigrateSetMaxDowntime: { program: 0x20008086, version: 1, procedure: 166, args: domainMigrateSetMaxDowntimeArgs, result: nothing },
  connectDomainEventRegisterAny: { program: 0x20008086, version: 1, procedure: 167, args: connectDomainEventRegisterAnyArgs, result: nothing },
  connectDomainEventDeregisterAny: { program: 0x20008086, version: 1, procedure: 168, args: connectDomainEventDeregisterAnyArgs, result: nothing },
  domainUpdateDeviceFlags: { program: 0x20008086, version: 1, procedure: 174, args: domainUpdateDeviceFlagsArgs, result: nothing },
  nwfilterLookupByName: { program: 0x20008086, version: 1, procedure: 175, args: nwfilterLookupByNameArgs, result: nwfilterLookupByNameRet },
  nwfilterLookupByUuid: { program: 0x20008086, version: 1, procedure: 176, args: nwfilterLookupByUuidArgs, result: nwfilterLookupByUuidRet },
  nwfilterGetXmlDesc: { program: 0x20008086, version: 1, procedure: 177, args: nwfilterGetXmlDescArgs, result: nwfilterGetXmlDescRet },
  connectNumOfNwfilters: { program: 0x20008086, version: 1, procedure: 178, args: nothing, result: connectNumOfNwfiltersRet },
  connectListNwfilters: { program: 0x20008086, version: 1, procedure: 179, args: connectListNwfiltersArgs, result: connectListNwfiltersRet },
  nwfilterDefineXml: { program: 0x20008086, version: 1, procedure: 180, args: nwfilterDefineXmlArgs, result: nwfilterDefineXmlRet },
  nwfilterUndefine: { program: 0x20008086, version: 1, procedure: 181, args: nwfilterUndefineArgs, result: nothing },
  domainManagedSave: { program: 0x20008086, version: 1, procedure: 182, args: domainManagedSaveArgs, result: nothing },
  domainHasManagedSaveImage: { program: 0x20008086, version: 1, procedure: 183, args: domainHasManagedSaveImageArgs, result: domainHasManagedSaveImageRet },
  domainManagedSaveRemove: { program: 0x20008086, version: 1, procedure: 184, args: domainManagedSaveRemoveArgs, result: nothing },
  domainSnapshotCreateXml: { program: 0x20008086, version: 1, procedure: 185, args: domainSnapshotCreateXmlArgs, result: domainSnapshotCreateXmlRet },
  domainSnapshotGetXmlDesc: { program: 0x20008086, version: 1, procedure: 186, args: domainSnapshotGetXmlDescArgs, result: domainSnapshotGetXmlDescRet },
  domainSnapshotNum: { program: 0x20008086, version: 1, procedure: 187, args: domainSnapshotNumArgs, result: domainSnapshotNumRet },
  domainSnapshotListNames: { program: 0x20008086, version: 1, procedure: 188, args: domainSnapshotListNamesArgs, result: domainSnapshotListNamesRet },
  domainSnapshotLookupByName: { program: 0x20008086, version: 1, procedure: 189, args: domainSnapshotLookupByNameArgs, result: domainSnapshotLookupByNameRet },
  domainHasCurrentSnapshot: { program: 0x20008086, version: 1, procedure: 190, args: domainHasCurrentSnapshotArgs, result: domainHasCurrentSnapshotRet },
  domainSnapshotCurrent: { program: 0x20008086, version: 1, procedure: 191, args: domainSnapshotCurrentArgs, result: domainSnapshotCurrentRet },
  domainRevertToSnapshot: { program: 0x20008086, version: 1, procedure: 192, args: domainRevertToSnapshotArgs, result: nothing },
  domainSnapshotDelete: { program: 0x20008086, version: 1, procedure: 193, args: domainSnapshotDeleteArgs, result: nothing },
  domainGetBlockInfo: { program: 0x20008086, version: 1, procedure: 194, args: domainGetBlockInfoArgs, result: domainGetBlockInfoRet },
  domainCreateWithFlags: { program: 0x20008086, version: 1, procedure: 196, args: domainCreateWithFlagsArgs, result: domainCreateWithFlagsRet },
  domainSetMemoryParameters: { program: 0x20008086, version: 1, procedure: 197, args: domainSetMemoryParametersArgs, result: nothing },
  domainGetMemoryParameters: { program: 0x20008086, version: 1, procedure: 198, args: domainGetMemoryParametersArgs, result: domainGetMemoryParametersRet },
  domainSetVcpusFlags: { program: 0x20008086, version: 1, procedure: 199, args: domainSetVcpusFlagsArgs, result: nothing },
  domainGetVcpusFlags: { program: 0x20008086, version: 1, procedure: 200, args: domainGetVcpusFlagsArgs, result: domainGetVcpusFlagsRet },
  domainOpenConsole: { program: 0x20008086, version: 1, procedure: 201, args: domainOpenConsoleArgs, result: nothing, stream: "read" },
  domainIsUpdated: { program: 0x20008086, version: 1, procedure: 202, args: domainIsUpdatedArgs, result: domainIsUpdatedRet },
  connectGetSysinfo: { program: 0x20008086, version: 1, procedure: 203, args: connectGetSysinfoArgs, result: connectGetSysinfoRet },
  domainSetMemoryFlags: { program: 0x20008086, version: 1, procedure: 204, args: domainSetMemoryFlagsArgs, result: nothing },
  domainSetBlkioParameters: { program: 0x20008086, version: 1, procedure: 205, args: domainSetBlkioParametersArgs, result: nothing },
  domainGetBlkioParameters: { program: 0x20008086, version: 1, procedure: 206, args: domainGetBlkioParametersArgs, result: domainGetBlkioParametersRet },
  domainMigrateSetMaxSpeed: { program: 0x20008086, version: 1, procedure: 207, args: domainMigrateSetMaxSpeedArgs, result: nothing },
  storageVolUpload: { program: 0x20008086, version: 1, procedure: 208, args: storageVolUploadArgs, result: nothing, stream: "write" },
  storageVolDownload: { program: 0x20008086, version: 1, procedure: 209, args: storageVolDownloadArgs, result: nothing, stream: "read" },
  domainInjectNmi: { program: 0x20008086, version: 1, procedure: 210, args: domainInjectNmiArgs, result: nothing },
  domainScreenshot: { program: 0x20008086, version: 1, procedure: 211, args: domainScreenshotArgs, result: domainScreenshotRet, stream: "read" },
  domainGetState: { program: 0x20008086, version: 1, procedure: 212, args: domainGetStateArgs, result: domainGetStateRet },
  domainMigrateBegin3: { program: 0x20008086, version: 1, procedure: 213, args: domainMigrateBegin3Args, result: domainMigrateBegin3Ret },
  domainMigratePrepare3: { program: 0x20008086, version: 1, procedure: 214, args: domainMigratePrepare3Args, result: domainMigratePrepare3Ret },
  domainMigratePrepareTunnel3: { program: 0x20008086, version: 1, procedure: 215, args: domainMigratePrepareTunnel3Args, result: domainMigratePrepareTunnel3Ret, stream: "write" },
  domainMigratePerform3: { program: 0x20008086, version: 1, procedure: 216, args: domainMigratePerform3Args, result: domainMigratePerform3Ret },
  domainMigrateFinish3: { program: 0x20008086, version: 1, procedure: 217, args: domainMigrateFinish3Args, result: domainMigrateFinish3Ret },
  domainMigrateConfirm3: { program: 0x20008086, version: 1, procedure: 218, args: domainMigrateConfirm3Args, result: nothing },
  domainSetSchedulerParametersFlags: { program: 0x20008086, version: 1, procedure: 219, args: domainSetSchedulerParametersFlagsArgs, result: nothing },
  interfaceChangeBegin: { program: 0x20008086, version: 1, procedure: 220, args: interfaceChangeBeginArgs, result: nothing },
  interfaceChangeCommit: { program: 0x20008086, version: 1, procedure: 221, args: interfaceChangeCommitArgs, result: nothing },
  interfaceChangeRollback: { program: 0x20008086, version: 1, procedure: 222, args: interfaceChangeRollbackArgs, result: nothing },
  domainGetSchedulerParametersFlags: { program: 0x20008086, version: 1, procedure: 223, args: domainGetSchedulerParametersFlagsArgs, result: domainGetSchedulerParametersFlagsRet },
  domainPinVcpuFlags: { program: 0x20008086, version: 1, procedure: 225, args: domainPinVcpuFlagsArgs, result: nothing },
  domainSendKey: { program: 0x20008086, version: 1, procedure: 226, args: domainSendKeyArgs, result: nothing },
  nodeGetCpuStats: { program: 0x20008086, version: 1, procedure: 227, args: nodeGetCpuStatsArgs, result: nodeGetCpuStatsRet },
  nodeGetMemoryStats: { program: 0x20008086, version: 1, procedure: 228, args: nodeGetMemoryStatsArgs, result: nodeGetMemoryStatsRet },
  domainGetControlInfo: { program: 0x20008086, version: 1, procedure: 229, args: domainGetControlInfoArgs, result: domainGetControlInfoRet },
  domainGetVcpuPinInfo: { program: 0x20008086, version: 1, procedure: 230, args: domainGetVcpuPinInfoArgs, result: domainGetVcpuPinInfoRet },
  domainUndefineFlags: { program: 0x20008086, version: 1, procedure: 231, args: domainUndefineFlagsArgs, result: nothing },
  domainSaveFlags: { program: 0x20008086, version: 1, procedure: 232, args: domainSaveFlagsArgs, result: nothing },
  domainRestoreFlags: { program: 0x20008086, version: 1, procedure: 233, args: domainRestoreFlagsArgs, result: nothing },
  domainDestroyFlags: { program: 0x20008086, version: 1, procedure: 234, args: domainDestroyFlagsArgs, result: nothing },
  domainSaveImageGetXmlDesc: { program: 0x20008086, version: 1, procedure: 235, args: domainSaveImageGetXmlDescArgs, result: domainSaveImageGetXmlDescRet },
  domainSaveImageDefineXml: { program: 0x20008086, version: 1, procedure: 236, args: domainSaveImageDefineXmlArgs, result: nothing },
  domainBlockJobAbort: { program: 0x20008086, version: 1, procedure: 237, args: domainBlockJobAbortArgs, result: nothing },
  domainGetBlockJobInfo: { program: 0x20008086, version: 1, procedure: 238, args: domainGetBlockJobInfoArgs, result: domainGetBlockJobInfoRet },
  domainBlockJobSetSpeed: { program: 0x20008086, version: 1, procedure: 239, args: domainBlockJobSetSpeedArgs, result: nothing },
  domainBlockPull: { program: 0x20008086, version: 1, procedure: 240, args: domainBlockPullArgs, result: nothing },
  domainMigrateGetMaxSpeed: { program: 0x20008086, version: 1, procedure: 242, args: domainMigrateGetMaxSpeedArgs, result: domainMigrateGetMaxSpeedRet },
  domainBlockStatsFlags: { program: 0x20008086, version: 1, procedure: 243, args: domainBlockStatsFlagsArgs, result: domainBlockStatsFlagsRet },
  domainSnapshotGetParent: { program: 0x20008086, version: 1, procedure: 244, args: domainSnapshotGetParentArgs, result: domainSnapshotGetParentRet },
  domainReset: { program: 0x20008086, version: 1, procedure: 245, args: domainResetArgs, result: nothing },
  domainSnapshotNumChildren: { program: 0x20008086, version: 1, procedure: 246, args: domainSnapshotNumChildrenArgs, result: domainSnapshotNumChildrenRet },
  domainSnapshotListChildrenNames: { program: 0x20008086, version: 1, procedure: 247, args: domainSnapshotListChildrenNamesArgs, result: domainSnapshotListChildrenNamesRet },
  domainOpenGraphics: { program: 0x20008086, version: 1, procedure: 249, args: domainOpenGraphicsArgs, result: nothing },
  nodeSuspendForDuration: { program: 0x20008086, version: 1, procedure: 250, args: nodeSuspendForDurationArgs, result: nothing },
  domainBlockResize: { program: 0x20008086, version: 1, procedure: 251, args: domainBlockResizeArgs, result: nothing },
  domainSetBlockIoTune: { program: 0x20008086, version: 1, procedure: 252, args: domainSetBlockIoTuneArgs, result: nothing },
  domainGetBlockIoTune: { program: 0x20008086, version: 1, procedure: 253, args: domainGetBlockIoTuneArgs, result: domainGetBlockIoTuneRet },
  domainSetNumaParameters: { program: 0x20008086, version: 1, procedure: 254, args: domainSetNumaParametersArgs, result: nothing },
  domainGetNumaParameters: { program: 0x20008086, version: 1, procedure: 255, args: domainGetNumaParametersArgs, result: domainGetNumaParametersRet },
  domainSetInterfaceParameters: { program: 0x20008086, version: 1, procedure: 256, args: domainSetInterfaceParametersArgs, result: nothing },
  domainGetInterfaceParameters: { program: 0x20008086, version: 1, procedure: 257, args: domainGetInterfaceParametersArgs, result: domainGetInterfaceParametersRet },
  domainShutdownFlags: { program: 0x20008086, version: 1, procedure: 258, args: domainShutdownFlagsArgs, result: nothing },
  storageVolWipePattern: { program: 0x20008086, version: 1, procedure: 259, args: storageVolWipePatternArgs, result: nothing },
  storageVolResize: { program: 0x20008086, version: 1, procedure: 260, args: storageVolResizeArgs, result: nothing },
  domainPmSuspendForDuration: { program: 0x20008086, version: 1, procedure: 261, args: domainPmSuspendForDurationArgs, result: nothing },
  domainGetCpuStats: { program: 0x20008086, version: 1, procedure: 262, args: domainGetCpuStatsArgs, result: domainGetCpuStatsRet },
  domainGetDiskErrors: { program: 0x20008086, version: 1, procedure: 263, args: domainGetDiskErrorsArgs, result: domainGetDiskErrorsRet },
  domainSetMetadata: { program: 0x20008086, version: 1, procedure: 264, args: domainSetMetadataArgs, result: nothing },
  domainGetMetadata: { program: 0x20008086, version: 1, procedure: 265, args: domainGetMetadataArgs, result: domainGetMetadataRet },
  domainBlockRebase: { program: 0x20008086, version: 1, procedure: 266, args: domainBlockRebaseArgs, result: nothing },
  domainPmWakeup: { program: 0x20008086, version: 1, procedure: 267, args: domainPmWakeupArgs, result: nothing },
  domainSnapshotIsCurrent: { program: 0x20008086, version: 1, procedure: 271, args: domainSnapshotIsCurrentArgs, result: domainSnapshotIsCurrentRet },
  domainSnapshotHasMetadata: { program: 0x20008086, version: 1, procedure: 272, args: domainSnapshotHasMetadataArgs, result: domainSnapshotHasMetadataRet },
  connectListAllDomains: { program: 0x20008086, version: 1, procedure: 273, args: connectListAllDomainsArgs, result: connectListAllDomainsRet },
  domainListAllSnapshots: { program: 0x20008086, version: 1, procedure: 274, args: domainListAllSnapshotsArgs, result: domainListAllSnapshotsRet },
  domainSnapshotListAllChildren: { program: 0x20008086, version: 1, procedure: 275, args: domainSnapshotListAllChildrenArgs, result: domainSnapshotListAllChildrenRet },
  domainGetHostname: { program: 0x20008086, version: 1, procedure: 277, args: domainGetHostnameArgs, result: domainGetHostnameRet },
  domainGetSecurityLabelList: { program: 0x20008086, version: 1, procedure: 278, args: domainGetSecurityLabelListArgs, result: domainGetSecurityLabelListRet },
  domainPinEmulator: { program: 0x20008086, version: 1, procedure: 279, args: domainPinEmulatorArgs, result: nothing },
  domainGetEmulatorPinInfo: { program: 0x20008086, version: 1, procedure: 280, args: domainGetEmulatorPinInfoArgs, result: domainGetEmulatorPinInfoRet },
  connectListAllStoragePools: { program: 0x20008086, version: 1, procedure: 281, args: connectListAllStoragePoolsArgs, result: connectListAllStoragePoolsRet },
  storagePoolListAllVolumes: { program: 0x20008086, version: 1, procedure: 282, args: storagePoolListAllVolumesArgs, result: storagePoolListAllVolumesRet },
  connectListAllNetworks: { program: 0x20008086, version: 1, procedure: 283, args: connectListAllNetworksArgs, result: connectListAllNetworksRet },
  connectListAllInterfaces: { program: 0x20008086, version: 1, procedure: 284, args: connectListAllInterfacesArgs, result: connectListAllInterfacesRet },
  connectListAllNodeDevices: { program: 0x20008086, version: 1, procedure: 285, args: connectListAllNodeDevicesArgs, result: connectListAllNodeDevicesRet },
  connectListAllNwfilters: { program: 0x20008086, version: 1, procedure: 286, args: connectListAllNwfiltersArgs, result: connectListAllNwfiltersRet },
  connectListAllSecrets: { program: 0x20008086, version: 1, procedure: 287, args: connectListAllSecretsArgs, result: connectListAllSecretsRet },
  nodeSetMemoryParameters: { program: 0x20008086, version: 1, procedure: 288, args: nodeSetMemoryParametersArgs, result: nothing },
  nodeGetMemoryParameters: { program: 0x20008086, version: 1, procedure: 289, args: nodeGetMemoryParametersArgs, result: nodeGetMemoryParametersRet },
  domainBlockCommit: { program: 0x20008086, version: 1, procedure: 290, args: domainBlockCommitArgs, result: nothing },
  networkUpdate: { program: 0x20008086, version: 1, procedure: 291, args: networkUpdateArgs, result: nothing },
  nodeGetCpuMap: { program: 0x20008086, version: 1, procedure: 293, args: nodeGetCpuMapArgs, result: nodeGetCpuMapRet },
  domainFstrim: { program: 0x20008086, version: 1, procedure: 294, args: domainFstrimArgs, result: nothing },
  domainSendProcessSignal: { program: 0x20008086, version: 1, procedure: 295, args: domainSendProcessSignalArgs, result: nothing },
  domainOpenChannel: { program: 0x20008086, version: 1, procedure: 296, args: domainOpenChannelArgs, result: nothing, stream: "read" },
  nodeDeviceLookupScsiHostByWwn: { program: 0x20008086, version: 1, procedure: 297, args: nodeDeviceLookupScsiHostByWwnArgs, result: nodeDeviceLookupScsiHostByWwnRet },
  domainGetJobStats: { program: 0x20008086, version: 1, procedure: 298, args: domainGetJobStatsArgs, result: domainGetJobStatsRet },
  domainMigrateGetCompressionCache: { program: 0x20008086, version: 1, procedure: 299, args: domainMigrateGetCompressionCacheArgs, result: domainMigrateGetCompressionCacheRet },
  domainMigrateSetCompressionCache: { program: 0x20008086, version: 1, procedure: 300, args: domainMigrateSetCompressionCacheArgs, result: nothing },
  nodeDeviceDetachFlags: { program: 0x20008086, version: 1, procedure: 301, args: nodeDeviceDetachFlagsArgs, result: nothing },
  domainMigrateBegin3Params: { program: 0x20008086, version: 1, procedure: 302, args: domainMigrateBegin3ParamsArgs, result: domainMigrateBegin3ParamsRet },
  domainMigratePrepare3Params: { program: 0x20008086, version: 1, procedure: 303, args: domainMigratePrepare3ParamsArgs, result: domainMigratePrepare3ParamsRet },
  domainMigratePrepareTunnel3Params: { program: 0x20008086, version: 1, procedure: 304, args: domainMigratePrepareTunnel3ParamsArgs, result: domainMigratePrepareTunnel3ParamsRet },
  domainMigratePerform3Params: { program: 0x20008086, version: 1, procedure: 305, args: domainMigratePerform3ParamsArgs, result: domainMigratePerform3ParamsRet },
  domainMigrateFinish3Params: { program: 0x20008086, version: 1, procedure: 306, args: domainMigrateFinish3ParamsArgs, result: domainMigrateFinish3ParamsRet },
  domainMigrateConfirm3Params: { program: 0x20008086, version: 1, procedure: 307, args: domainMigrateConfirm3ParamsArgs, result: nothing },
  domainSetMemoryStatsPeriod: { program: 0x20008086, version: 1, procedure: 308, args: domainSetMemoryStatsPeriodArgs, result: nothing },
  domainCreateXmlWithFiles: { program: 0x20008086, version: 1, procedure: 309, args: domainCreateXmlWithFilesArgs, result: domainCreateXmlWithFilesRet },
  domainCreateWithFiles: { program: 0x20008086, version: 1, procedure: 310, args: domainCreateWithFilesArgs, result: domainCreateWithFilesRet },
  connectGetCpuModelNames: { program: 0x20008086, version: 1, procedure: 312, args: connectGetCpuModelNamesArgs, result: connectGetCpuModelNamesRet },
  connectNetworkEventRegisterAny: { program: 0x20008086, version: 1, procedure: 313, args: connectNetworkEventRegisterAnyArgs, result: connectNetworkEventRegisterAnyRet },
  connectNetworkEventDeregisterAny: { program: 0x20008086, version: 1, procedure: 314, args: connectNetworkEventDeregisterAnyArgs, result: nothing },
  connectDomainEventCallbackRegisterAny: { program: 0x20008086, version: 1, procedure: 316, args: connectDomainEventCallbackRegisterAnyArgs, result: connectDomainEventCallbackRegisterAnyRet },
  connectDomainEventCallbackDeregisterAny: { program: 0x20008086, version: 1, procedure: 317, args: connectDomainEventCallbackDeregisterAnyArgs, result: nothing },
  domainCoreDumpWithFormat: { program: 0x20008086, version: 1, procedure: 334, args: domainCoreDumpWithFormatArgs, result: nothing },
  domainFsfreeze: { program: 0x20008086, version: 1, procedure: 335, args: domainFsfreezeArgs, result: domainFsfreezeRet },
  domainFsthaw: { program: 0x20008086, version: 1, procedure: 336, args: domainFsthawArgs, result: domainFsthawRet },
  domainGetTime: { program: 0x20008086, version: 1, procedure: 337, args: domainGetTimeArgs, result: domainGetTimeRet },
  domainSetTime: { program: 0x20008086, version: 1, procedure: 338, args: domainSetTimeArgs, result: nothing },
  nodeGetFreePages: { program: 0x20008086, version: 1, procedure: 340, args: nodeGetFreePagesArgs, result: nodeGetFreePagesRet },
  networkGetDhcpLeases: { program: 0x20008086, version: 1, procedure: 341, args: networkGetDhcpLeasesArgs, result: networkGetDhcpLeasesRet },
  connectGetDomainCapabilities: { program: 0x20008086, version: 1, procedure: 342, args: connectGetDomainCapabilitiesArgs, result: connectGetDomainCapabilitiesRet },
  domainOpenGraphicsFd: { program: 0x20008086, version: 1, procedure: 343, args: domainOpenGraphicsFdArgs, result: nothing },
  connectGetAllDomainStats: { program: 0x20008086, version: 1, procedure: 344, args: connectGetAllDomainStatsArgs, result: connectGetAllDomainStatsRet },
  domainBlockCopy: { program: 0x20008086, version: 1, procedure: 345, args: domainBlockCopyArgs, result: nothing },
  nodeAllocPages: { program: 0x20008086, version: 1, procedure: 347, args: nodeAllocPagesArgs, result: nodeAllocPagesRet },
  domainGetFsinfo: { program: 0x20008086, version: 1, procedure: 349, args: domainGetFsinfoArgs, result: domainGetFsinfoRet },
  domainDefineXmlFlags: { program: 0x20008086, version: 1, procedure: 350, args: domainDefineXmlFlagsArgs, result: domainDefineXmlFlagsRet },
  domainGetIothreadInfo: { program: 0x20008086, version: 1, procedure: 351, args: domainGetIothreadInfoArgs, result: domainGetIothreadInfoRet },
  domainPinIothread: { program: 0x20008086, version: 1, procedure: 352, args: domainPinIothreadArgs, result: nothing },
  domainInterfaceAddresses: { program: 0x20008086, version: 1, procedure: 353, args: domainInterfaceAddressesArgs, result: domainInterfaceAddressesRet },
  domainAddIothread: { program: 0x20008086, version: 1, procedure: 355, args: domainAddIothreadArgs, result: nothing },
  domainDelIothread: { program: 0x20008086, version: 1, procedure: 356, args: domainDelIothreadArgs, result: nothing },
  domainSetUserPassword: { program: 0x20008086, version: 1, procedure: 357, args: domainSetUserPasswordArgs, result: nothing },
  domainRename: { program: 0x20008086, version: 1, procedure: 358, args: domainRenameArgs, result: domainRenameRet },
  connectRegisterCloseCallback: { program: 0x20008086, version: 1, procedure: 360, args: nothing, result: nothing },
  connectUnregisterCloseCallback: { program: 0x20008086, version: 1, procedure: 361, args: nothing, result: nothing },
  domainMigrateStartPostCopy: { program: 0x20008086, version: 1, procedure: 364, args: domainMigrateStartPostCopyArgs, result: nothing },
  domainGetPerfEvents: { program: 0x20008086, version: 1, procedure: 365, args: domainGetPerfEventsArgs, result: domainGetPerfEventsRet },
  domainSetPerfEvents: { program: 0x20008086, version: 1, procedure: 366, args: domainSetPerfEventsArgs, result: nothing },
  connectStoragePoolEventRegisterAny: { program: 0x20008086, version: 1, procedure: 368, args: connectStoragePoolEventRegisterAnyArgs, result: connectStoragePoolEventRegisterAnyRet },
  connectStoragePoolEventDeregisterAny: { program: 0x20008086, version: 1, procedure: 369, args: connectStoragePoolEventDeregisterAnyArgs, result: nothing },
  domainGetGuestVcpus: { program: 0x20008086, version: 1, procedure: 371, args: domainGetGuestVcpusArgs, result: domainGetGuestVcpusRet },
  domainSetGuestVcpus: { program: 0x20008086, version: 1, procedure: 372, args: domainSetGuestVcpusArgs, result: nothing },
  connectNodeDeviceEventRegisterAny: { program: 0x20008086, version: 1, procedure: 374, args: connectNodeDeviceEventRegisterAnyArgs, result: connectNodeDeviceEventRegisterAnyRet },
  connectNodeDeviceEventDeregisterAny: { program: 0x20008086, version: 1, procedure: 375, args: connectNodeDeviceEventDeregisterAnyArgs, result: nothing },
  storageVolGetInfoFlags: { program: 0x20008086, version: 1, procedure: 378, args: storageVolGetInfoFlagsArgs, result: storageVolGetInfoFlagsRet },
  connectSecretEventRegisterAny: { program: 0x20008086, version: 1, procedure: 380, args: connectSecretEventRegisterAnyArgs, result: connectSecretEventRegisterAnyRet },
  connectSecretEventDeregisterAny: { program: 0x20008086, version: 1, procedure: 381, args: connectSecretEventDeregisterAnyArgs, result: nothing },
  domainSetVcpu: { program: 0x20008086, version: 1, procedure: 384, args: domainSetVcpuArgs, result: nothing },
  domainSetBlockThreshold: { program: 0x20008086, version: 1, procedure: 386, args: domainSetBlockThresholdArgs, result: nothing },
  domainMigrateGetMaxDowntime: { program: 0x20008086, version: 1, procedure: 387, args: domainMigrateGetMaxDowntimeArgs, result: domainMigrateGetMaxDowntimeRet },
  domainManagedSaveGetXmlDesc: { program: 0x20008086, version: 1, procedure: 388, args: domainManagedSaveGetXmlDescArgs, result: domainManagedSaveGetXmlDescRet },
  domainManagedSaveDefineXml: { program: 0x20008086, version: 1, procedure: 389, args: domainManagedSaveDefineXmlArgs, result: nothing },
  domainSetLifecycleAction: { program: 0x20008086, version: 1, procedure: 390, args: domainSetLifecycleActionArgs, result: nothing },
  storagePoolLookupByTargetPath: { program: 0x20008086, version: 1, procedure: 391, args: storagePoolLookupByTargetPathArgs, result: storagePoolLookupByTargetPathRet },
  domainDetachDeviceAlias: { program: 0x20008086, version: 1, procedure: 392, args: domainDetachDeviceAliasArgs, result: nothing },
  connectCompareHypervisorCpu: { program: 0x20008086, version: 1, procedure: 393, args: connectCompareHypervisorCpuArgs, result: connectCompareHypervisorCpuRet },
  connectBaselineHypervisorCpu: { program: 0x20008086, version: 1, procedure: 394, args: connectBaselineHypervisorCpuArgs, result: connectBaselineHypervisorCpuRet },
  nodeGetSevInfo: { program: 0x20008086, version: 1, procedure: 395, args: nodeGetSevInfoArgs, result: nodeGetSevInfoRet },
  domainGetLaunchSecurityInfo: { program: 0x20008086, version: 1, procedure: 396, args: domainGetLaunchSecurityInfoArgs, result: domainGetLaunchSecurityInfoRet },
  nwfilterBindingLookupByPortDev: { program: 0x20008086, version: 1, procedure: 397, args: nwfilterBindingLookupByPortDevArgs, result: nwfilterBindingLookupByPortDevRet },
  nwfilterBindingGetXmlDesc: { program: 0x20008086, version: 1, procedure: 398, args: nwfilterBindingGetXmlDescArgs, result: nwfilterBindingGetXmlDescRet },
  nwfilterBindingCreateXml: { program: 0x20008086, version: 1, procedure: 399, args: nwfilterBindingCreateXmlArgs, result: nwfilterBindingCreateXmlRet },
  nwfilterBindingDelete: { program: 0x20008086, version: 1, procedure: 400, args: nwfilterBindingDeleteArgs, result: nothing },
  connectListAllNwfilterBindings: { program: 0x20008086, version: 1, procedure: 401, args: connectListAllNwfilterBindingsArgs, result: connectListAllNwfilterBindingsRet },
  domainSetIothreadParams: { program: 0x20008086, version: 1, procedure: 402, args: domainSetIothreadParamsArgs, result: nothing },
  connectGetStoragePoolCapabilities: { program: 0x20008086, version: 1, procedure: 403, args: connectGetStoragePoolCapabilitiesArgs, result: connectGetStoragePoolCapabilitiesRet },
  networkListAllPorts: { program: 0x20008086, version: 1, procedure: 404, args: networkListAllPortsArgs, result: networkListAllPortsRet },
  networkPortLookupByUuid: { program: 0x20008086, version: 1, procedure: 405, args: networkPortLookupByUuidArgs, result: networkPortLookupByUuidRet },
  networkPortCreateXml: { program: 0x20008086, version: 1, procedure: 406, args: networkPortCreateXmlArgs, result: networkPortCreateXmlRet },
  networkPortGetParameters: { program: 0x20008086, version: 1, procedure: 407, args: networkPortGetParametersArgs, result: networkPortGetParametersRet },
  networkPortSetParameters: { program: 0x20008086, version: 1, procedure: 408, args: networkPortSetParametersArgs, result: nothing },
  networkPortGetXmlDesc: { program: 0x20008086, version: 1, procedure: 409, args: networkPortGetXmlDescArgs, result: networkPortGetXmlDescRet },
  networkPortDelete: { program: 0x20008086, version: 1, procedure: 410, args: networkPortDeleteArgs, result: nothing },
  domainCheckpointCreateXml: { program: 0x20008086, version: 1, procedure: 411, args: domainCheckpointCreateXmlArgs, result: domainCheckpointCreateXmlRet },
  domainCheckpointGetXmlDesc: { program: 0x20008086, version: 1, procedure: 412, args: domainCheckpointGetXmlDescArgs, result: domainCheckpointGetXmlDescRet },
  domainListAllCheckpoints: { program: 0x20008086, version: 1, procedure: 413, args: domainListAllCheckpointsArgs, result: domainListAllCheckpointsRet },
  domainCheckpointListAllChildren: { program: 0x20008086, version: 1, procedure: 414, args: domainCheckpointListAllChildrenArgs, result: domainCheckpointListAllChildrenRet },
  domainCheckpointLookupByName: { program: 0x20008086, version: 1, procedure: 415, args: domainCheckpointLookupByNameArgs, result: domainCheckpointLookupByNameRet },
  domainCheckpointGetParent: { program: 0x20008086, version: 1, procedure: 416, args: domainCheckpointGetParentArgs, result: domainCheckpointGetParentRet },
  domainCheckpointDelete: { program: 0x20008086, version: 1, procedure: 417, args: domainCheckpointDeleteArgs, result: nothing },
  domainGetGuestInfo: { program: 0x20008086, version: 1, procedure: 418, args: domainGetGuestInfoArgs, result: domainGetGuestInfoRet },
  connectSetIdentity: { program: 0x20008086, version: 1, procedure: 419, args: connectSetIdentityArgs, result: nothing },
  domainAgentSetResponseTimeout: { program: 0x20008086, version: 1, procedure: 420, args: domainAgentSetResponseTimeoutArgs, result: domainAgentSetResponseTimeoutRet },
  domainBackupBegin: { program: 0x20008086, version: 1, procedure: 421, args: domainBackupBeginArgs, result: nothing },
  domainBackupGetXmlDesc: { program: 0x20008086, version: 1, procedure: 422, args: domainBackupGetXmlDescArgs, result: domainBackupGetXmlDescRet },
  domainAuthorizedSshKeysGet: { program: 0x20008086, version: 1, procedure: 424, args: domainAuthorizedSshKeysGetArgs, result: domainAuthorizedSshKeysGetRet },
  domainAuthorizedSshKeysSet: { program: 0x20008086, version: 1, procedure: 425, args: domainAuthorizedSshKeysSetArgs, result: nothing },
  domainGetMessages: { program: 0x20008086, version: 1, procedure: 426, args: domainGetMessagesArgs, result: domainGetMessagesRet },
  domainStartDirtyRateCalc: { program: 0x20008086, version: 1, procedure: 427, args: domainStartDirtyRateCalcArgs, result: nothing },
  nodeDeviceDefineXml: { program: 0x20008086, version: 1, procedure: 428, args: nodeDeviceDefineXmlArgs, result: nodeDeviceDefineXmlRet },
  nodeDeviceUndefine: { program: 0x20008086, version: 1, procedure: 429, args: nodeDeviceUndefineArgs, result: nothing },
  nodeDeviceCreate: { program: 0x20008086, version: 1, procedure: 430, args: nodeDeviceCreateArgs, result: nothing },
  nwfilterDefineXmlFlags: { program: 0x20008086, version: 1, procedure: 431, args: nwfilterDefineXmlFlagsArgs, result: nwfilterDefineXmlFlagsRet },
  networkDefineXmlFlags: { program: 0x20008086, version: 1, procedure: 432, args: networkDefineXmlFlagsArgs, result: networkDefineXmlFlagsRet },
  nodeDeviceGetAutostart: { program: 0x20008086, version: 1, procedure: 433, args: nodeDeviceGetAutostartArgs, result: nodeDeviceGetAutostartRet },
  nodeDeviceSetAutostart: { program: 0x20008086, version: 1, procedure: 434, args: nodeDeviceSetAutostartArgs, result: nothing },
  nodeDeviceIsPersistent: { program: 0x20008086, version: 1, procedure: 435, args: nodeDeviceIsPersistentArgs, result: nodeDeviceIsPersistentRet },
  nodeDeviceIsActive: { program: 0x20008086, version: 1, procedure: 436, args: nodeDeviceIsActiveArgs, result: nodeDeviceIsActiveRet },
  networkCreateXmlFlags: { program: 0x20008086, version: 1, procedure: 437, args: networkCreateXmlFlagsArgs, result: networkCreateXmlFlagsRet },
  domainSetLaunchSecurityState: { program: 0x20008086, version: 1, procedure: 439, args: domainSetLaunchSecurityStateArgs, result: nothing },
  domainSaveParams: { program: 0x20008086, version: 1, procedure: 440, args: domainSaveParamsArgs, result: nothing },
  domainRestoreParams: { program: 0x20008086, version: 1, procedure: 441, args: domainRestoreParamsArgs, result: nothing },
  domainAbortJobFlags: { program: 0x20008086, version: 1, procedure: 442, args: domainAbortJobFlagsArgs, result: nothing },
  domainFdAssociate: { program: 0x20008086, version: 1, procedure: 443, args: domainFdAssociateArgs, result: nothing },
  networkSetMetadata: { program: 0x20008086, version: 1, procedure: 444, args: networkSetMetadataArgs, result: nothing },
  networkGetMetadata: { program: 0x20008086, version: 1, procedure: 445, args: networkGetMetadataArgs, result: networkGetMetadataRet },
  nodeDeviceUpdate: { program: 0x20008086, version: 1, procedure: 447, args: nodeDeviceUpdateArgs, result: nothing },
  domainGraphicsReload: { program: 0x20008086, version: 1, procedure: 448, args: domainGraphicsReloadArgs, result: nothing },
  domainGetAutostartOnce: { program: 0x20008086, version: 1, procedure: 449, args: domainGetAutostartOnceArgs, result: domainGetAutostartOnceRet },
  domainSetAutostartOnce: { program: 0x20008086, version: 1, procedure: 450, args: domainSetAutostartOnceArgs, result: nothing },
  domainSetThrottleGroup: { program: 0x20008086, version: 1, procedure: 451, args: domainSetThrottleGroupArgs, result: nothing },
  domainDelThrottleGroup: { program: 0x20008086, version: 1, procedure: 452, args: domainDelThrottleGroupArgs, result: nothing },
  qemuDomainMonitorCommand: { program: 0x20008087, version: 1, procedure: 1, args: qemuDomainMonitorCommandArgs, result: qemuDomainMonitorCommandRet },
  qemuDomainAttach: { program: 0x20008087, version: 1, procedure: 2, args: qemuDomainAttachArgs, result: qemuDomainAttachRet },
  qemuDomainAgentCommand: { program: 0x20008087, version: 1, procedure: 3, args: qemuDomainAgentCommandArgs, result: qemuDomainAgentCommandRet },
  qemuConnectDomainMonitorEventRegister: { program: 0x20008087, version: 1, procedure: 4, args: qemuConnectDomainMonitorEventRegisterArgs, result: qemuConnectDomainMonitorEventRegisterRet },
  qemuConnectDomainMonitorEventDeregister: { program: 0x20008087, version: 1, procedure: 5, args: qemuConnectDomainMonitorEventDeregisterArgs, result: nothing },
  qemuDomainMonitorCommandWithFiles: { program: 0x20008087, version: 1, procedure: 7, args: qemuDomainMonitorCommandWithFilesArgs, result: qemuDomainMonitorCommandWithFilesRet },
};

/** The calls whose reply opens a stream. */
export type StreamName =
  | "domainMigratePrepareTunnel"
  | "domainOpenConsole"
  | "storageVolUpload"
  | "storageVolDownload"
  | "domainScreenshot"
  | "domainMigratePrepareTunnel3"
  | "domainOpenChannel";

/** What each event carries, by its name. */
export interface Events {
  readonly domainEventLifecycle: DomainEventLifecycleMsg;
  readonly domainEventReboot: DomainEventRebootMsg;
  readonly domainEventRtcChange: DomainEventRtcChangeMsg;
  readonly domainEventWatchdog: DomainEventWatchdogMsg;
  readonly domainEventIoError: DomainEventIoErrorMsg;
  readonly domainEventGraphics: DomainEventGraphicsMsg;
  readonly domainEventIoErrorReason: DomainEventIoErrorReasonMsg;
  readonly domainEventControlError: DomainEventControlErrorMsg;
  readonly domainEventBlockJob: DomainEventBlockJobMsg;
  readonly domainEventDiskChange: DomainEventDiskChangeMsg;
  readonly domainEventTrayChange: DomainEventTrayChangeMsg;
  readonly domainEventPmwakeup: DomainEventPmwakeupMsg;
  readonly domainEventPmsuspend: DomainEventPmsuspendMsg;
  readonly domainEventBalloonChange: DomainEventBalloonChangeMsg;
  readonly domainEventPmsuspendDisk: DomainEventPmsuspendDiskMsg;
  readonly domainEventDeviceRemoved: DomainEventDeviceRemovedMsg;
  readonly networkEventLifecycle: NetworkEventLifecycleMsg;
  readonly domainEventCallbackLifecycle: DomainEventCallbackLifecycleMsg;
  readonly domainEventCallbackReboot: DomainEventCallbackRebootMsg;
  readonly domainEventCallbackRtcChange: DomainEventCallbackRtcChangeMsg;
  readonly domainEventCallbackWatchdog: DomainEventCallbackWatchdogMsg;
  readonly domainEventCallbackIoError: DomainEventCallbackIoErrorMsg;
  readonly domainEventCallbackGraphics: DomainEventCallbackGraphicsMsg;
  readonly domainEventCallbackIoErrorReason: DomainEventCallbackIoErrorReasonMsg;
  readonly domainEventCallbackControlError: DomainEventCallbackControlErrorMsg;
  readonly domainEventCallbackBlockJob: DomainEventCallbackBlockJobMsg;
  readonly domainEventCallbackDiskChange: DomainEventCallbackDiskChangeMsg;
  readonly domainEventCallbackTrayChange: DomainEventCallbackTrayChangeMsg;
  readonly domainEventCallbackPmwakeup: DomainEventCallbackPmwakeupMsg;
  readonly domainEventCallbackPmsuspend: DomainEventCallbackPmsuspendMsg;
  readonly domainEventCallbackBalloonChange: DomainEventCallbackBalloonChangeMsg;
  readonly domainEventCallbackPmsuspendDisk: DomainEventCallbackPmsuspendDiskMsg;
  readonly domainEventCallbackDeviceRemoved: DomainEventCallbackDeviceRemovedMsg;
  readonly domainEventBlockJob2: DomainEventBlockJob2Msg;
  readonly domainEventCallbackTunable: DomainEventCallbackTunableMsg;
  readonly domainEventCallbackAgentLifecycle: DomainEventCallbackAgentLifecycleMsg;
  readonly domainEventCallbackDeviceAdded: DomainEventCallbackDeviceAddedMsg;
  readonly domainEventCallbackMigrationIteration: DomainEventCallbackMigrationIterationMsg;
  readonly connectEventConnectionClosed: ConnectEventConnectionClosedMsg;
  readonly domainEventCallbackJobCompleted: DomainEventCallbackJobCompletedMsg;
  readonly domainEventCallbackDeviceRemovalFailed: DomainEventCallbackDeviceRemovalFailedMsg;
  readonly storagePoolEventLifecycle: StoragePoolEventLifecycleMsg;
  readonly storagePoolEventRefresh: StoragePoolEventRefreshMsg;
  readonly nodeDeviceEventLifecycle: NodeDeviceEventLifecycleMsg;
  readonly nodeDeviceEventUpdate: NodeDeviceEventUpdateMsg;
  readonly domainEventCallbackMetadataChange: DomainEventCallbackMetadataChangeMsg;
  readonly secretEventLifecycle: SecretEventLifecycleMsg;
  readonly secretEventValueChanged: SecretEventValueChangedMsg;
  readonly domainEventBlockThreshold: DomainEventBlockThresholdMsg;
  readonly domainEventMemoryFailure: DomainEventMemoryFailureMsg;
  readonly domainEventMemoryDeviceSizeChange: DomainEventMemoryDeviceSizeChangeMsg;
  readonly networkEventCallbackMetadataChange: NetworkEventCallbackMetadataChangeMsg;
  readonly domainEventNicMacChange: DomainEventNicMacChangeMsg;
  readonly qemuDomainMonitorEvent: QemuDomainMonitorEventMsg;
}
export type EventName = keyof Events;

export interface EventDescription<T> {
  readonly program: number;
  readonly procedure: number;
  readonly message: Codec<T>;
}

export const events: { readonly [N in EventName]: EventDescription<Events[N]> } = {
  domainEventLifecycle: { program: 0x20008086, procedure: 107, message: domainEventLifecycleMsg },
  domainEventReboot: { program: 0x20008086, procedure: 169, message: domainEventRebootMsg },
  domainEventRtcChange: { program: 0x20008086, procedure: 170, message: domainEventRtcChangeMsg },
  domainEventWatchdog: { program: 0x20008086, procedure: 171, message: domainEventWatchdogMsg },
  domainEventIoError: { program: 0x20008086, procedure: 172, message: domainEventIoErrorMsg },
  domainEventGraphics: { program: 0x20008086, procedure: 173, message: domainEventGraphicsMsg },
  domainEventIoErrorReason: { program: 0x20008086, procedure: 195, message: domainEventIoErrorReasonMsg },
  domainEventControlError: { program: 0x20008086, procedure: 224, message: domainEventControlErrorMsg },
  domainEventBlockJob: { program: 0x20008086, procedure: 241, message: domainEventBlockJobMsg },
  domainEventDiskChange: { program: 0x20008086, procedure: 248, message: domainEventDiskChangeMsg },
  domainEventTrayChange: { program: 0x20008086, procedure: 268, message: domainEventTrayChangeMsg },
  domainEventPmwakeup: { program: 0x20008086, procedure: 269, message: domainEventPmwakeupMsg },
  domainEventPmsuspend: { program: 0x20008086, procedure: 270, message: domainEventPmsuspendMsg },
  domainEventBalloonChange: { program: 0x20008086, procedure: 276, message: domainEventBalloonChangeMsg },
  domainEventPmsuspendDisk: { program: 0x20008086, procedure: 292, message: domainEventPmsuspendDiskMsg },
  domainEventDeviceRemoved: { program: 0x20008086, procedure: 311, message: domainEventDeviceRemovedMsg },
  networkEventLifecycle: { program: 0x20008086, procedure: 315, message: networkEventLifecycleMsg },
  domainEventCallbackLifecycle: { program: 0x20008086, procedure: 318, message: domainEventCallbackLifecycleMsg },
  domainEventCallbackReboot: { program: 0x20008086, procedure: 319, message: domainEventCallbackRebootMsg },
  domainEventCallbackRtcChange: { program: 0x20008086, procedure: 320, message: domainEventCallbackRtcChangeMsg },
  domainEventCallbackWatchdog: { program: 0x20008086, procedure: 321, message: domainEventCallbackWatchdogMsg },
  domainEventCallbackIoError: { program: 0x20008086, procedure: 322, message: domainEventCallbackIoErrorMsg },
  domainEventCallbackGraphics: { program: 0x20008086, procedure: 323, message: domainEventCallbackGraphicsMsg },
  domainEventCallbackIoErrorReason: { program: 0x20008086, procedure: 324, message: domainEventCallbackIoErrorReasonMsg },
  domainEventCallbackControlError: { program: 0x20008086, procedure: 325, message: domainEventCallbackControlErrorMsg },
  domainEventCallbackBlockJob: { program: 0x20008086, procedure: 326, message: domainEventCallbackBlockJobMsg },
  domainEventCallbackDiskChange: { program: 0x20008086, procedure: 327, message: domainEventCallbackDiskChangeMsg },
  domainEventCallbackTrayChange: { program: 0x20008086, procedure: 328, message: domainEventCallbackTrayChangeMsg },
  domainEventCallbackPmwakeup: { program: 0x20008086, procedure: 329, message: domainEventCallbackPmwakeupMsg },
  domainEventCallbackPmsuspend: { program: 0x20008086, procedure: 330, message: domainEventCallbackPmsuspendMsg },
  domainEventCallbackBalloonChange: { program: 0x20008086, procedure: 331, message: domainEventCallbackBalloonChangeMsg },
  domainEventCallbackPmsuspendDisk: { program: 0x20008086, procedure: 332, message: domainEventCallbackPmsuspendDiskMsg },
  domainEventCallbackDeviceRemoved: { program: 0x20008086, procedure: 333, message: domainEventCallbackDeviceRemovedMsg },
  domainEventBlockJob2: { program: 0x20008086, procedure: 339, message: domainEventBlockJob2Msg },
  domainEventCallbackTunable: { program: 0x20008086, procedure: 346, message: domainEventCallbackTunableMsg },
  domainEventCallbackAgentLifecycle: { program: 0x20008086, procedure: 348, message: domainEventCallbackAgentLifecycleMsg },
  domainEventCallbackDeviceAdded: { program: 0x20008086, procedure: 354, message: domainEventCallbackDeviceAddedMsg },
  domainEventCallbackMigrationIteration: { program: 0x20008086, procedure: 359, message: domainEventCallbackMigrationIterationMsg },
  connectEventConnectionClosed: { program: 0x20008086, procedure: 362, message: connectEventConnectionClosedMsg },
  domainEventCallbackJobCompleted: { program: 0x20008086, procedure: 363, message: domainEventCallbackJobCompletedMsg },
  domainEventCallbackDeviceRemovalFailed: { program: 0x20008086, procedure: 367, message: domainEventCallbackDeviceRemovalFailedMsg },
  storagePoolEventLifecycle: { program: 0x20008086, procedure: 370, message: storagePoolEventLifecycleMsg },
  storagePoolEventRefresh: { program: 0x20008086, procedure: 373, message: storagePoolEventRefreshMsg },
  nodeDeviceEventLifecycle: { program: 0x20008086, procedure: 376, message: nodeDeviceEventLifecycleMsg },
  nodeDeviceEventUpdate: { program: 0x20008086, procedure: 377, message: nodeDeviceEventUpdateMsg },
  domainEventCallbackMetadataChange: { program: 0x20008086, procedure: 379, message: domainEventCallbackMetadataChangeMsg },
  secretEventLifecycle: { program: 0x20008086, procedure: 382, message: secretEventLifecycleMsg },
  secretEventValueChanged: { program: 0x20008086, procedure: 383, message: secretEventValueChangedMsg },
  domainEventBlockThreshold: { program: 0x20008086, procedure: 385, message: domainEventBlockThresholdMsg },
  domainEventMemoryFailure: { program: 0x20008086, procedure: 423, message: domainEventMemoryFailureMsg },
  domainEventMemoryDeviceSizeChange: { program: 0x20008086, procedure: 438, message: domainEventMemoryDeviceSizeChangeMsg },
  networkEventCallbackMetadataChange: { program: 0x20008086, procedure: 446, message: networkEventCallbackMetadataChangeMsg },
  domainEventNicMacChange: { program: 0x20008086, procedure: 453, message: domainEventNicMacChangeMsg },
  qemuDomainMonitorEvent: { program: 0x20008087, procedure: 6, message: qemuDomainMonitorEventMsg },
};
