/** What every operation works with. One server has one. */
import type { Admission } from "./admission/admission.ts";
import type { Kinds } from "./kinds/kinds.ts";
import type { ServedKind } from "./kinds/kind.ts";
import type { Store } from "./store/store.ts";
import type { UserInfo } from "./authentication/user.ts";
import type { WriteVerb, Writes } from "./writes.ts";

export interface Room {
  readonly store: Store;
  readonly kinds: Kinds;
  readonly admission: Admission | undefined;
  readonly now: () => Date;
  readonly writes: Writes;
}

/** Where an operation writes, on whose behalf and how. */
export interface WriteContext {
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Who owns the fields that are written. */
  readonly fieldManager: string;
  readonly subresource?: string;
  readonly verb: WriteVerb;
  /** Filled by the operation; sent as Warning headers. */
  readonly warnings: string[];
}

/** One object's place. */
export interface Place {
  readonly kind: ServedKind;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}
