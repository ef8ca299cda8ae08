/**
 * The conformance suite for adapters, and tests for rules.
 *
 * @module @portcullis/testing
 */

// Adapter tests
export { adapterConformance } from "./conformance.js";
export type {
  Ability,
  Answer,
  Attackable,
  ClientHandshake,
  ClientListener,
  Closed,
  Credentials,
  Delivered,
  Harness,
  HarnessClient,
  HarnessSession,
  Malformed,
  OutgoingMessage,
  RefusedHandshake,
  RunningServer,
  ServerSetup,
} from "./harness.js";
export { ABILITIES } from "./harness.js";
// The reference adapter
export type { MemoryFilter, MemoryRefusal, MemoryRequest } from "./memory.js";
export { MemoryServer, MemorySocket } from "./memory.js";
// Rule tests
export type { PermissionCase } from "./permission-suite.js";
export { testPermission } from "./permission-suite.js";
export type { ReferenceGuard } from "./reference-adapter.js";
export { referenceAdapter } from "./reference-adapter.js";
// Logs of revocations
export { revocationLogConformance } from "./revocation-log/conformance.js";
export type {
  LogAbility,
  LogTransaction,
  OpenRevocationLog,
  RevocationLogHarness,
} from "./revocation-log/harness.js";
export { LOG_ABILITIES } from "./revocation-log/harness.js";
export { supportTable } from "./support-table.js";
