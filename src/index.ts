/**
 * The public API of Backstep: define a saga, implement its activities, run it durably.
 *
 * Every type that a public signature speaks of is here as well, so that what a program makes of them
 * can be named in its own declarations. Longer than 300 lines because there is one door for them all.
 */
import './node-guard.js';

// Defining a saga.
export type { Examples, SagaDefinition, WayBack } from './core/define/definition.ts';
export type {
  AddedIn,
  Contribution,
  EventIn,
  Merged,
  Part,
  RoundDraft,
  SagaBasis,
  SagaDraft,
  SentEvents,
  Unless,
  With,
  Written,
} from './core/define/draft.ts';
export {
  durable,
  type DurableOptions,
  type MachineEvent,
  type MachineInput,
  type MachineOutput,
  type Told,
} from './core/define/durable.ts';
export type { EventSchemas } from './core/define/event-schemas.ts';
export type {
  AttemptOptions,
  CalledActivity,
  Carrying,
  ChildOptions,
  Compensates,
  CompensationOptions,
  CompensationView,
  Condition,
  ForwardView,
  NamesActivity,
  ProbeOptions,
  RoundView,
  SagaOptions,
  SentEvent,
  StepOptions,
  TakenEvent,
  WaitOptions,
  WaitResult,
  WayBackOptions,
} from './core/define/options.ts';
export type {
  EarlierRound,
  FinishedRounds,
  InOption,
  RoundOf,
  Shown,
  WithinRound,
} from './core/define/rounds.ts';
export { type Basis, defineSaga } from './core/define/saga.ts';
export {
  type Activities,
  activity,
  type Activity,
  type ActivityContext,
  type ActivityInput,
  type ActivityOutput,
  type ActivitySignature,
  type Contract,
  type ExpectedStatement,
  type LateResult,
  type ProbeAnswer,
  type RemoteActivity,
  transactional,
  type TransactionalActivity,
  type WritePlan,
} from './core/activity.ts';
export {
  exponential,
  type ExponentialOptions,
  type Jitter,
  NO_RETRY,
  type RetryPolicy,
} from './core/retry-policy.ts';
export type { Duration } from './core/duration.ts';
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from './core/standard-schema.ts';
export {
  type InvokeRole,
  type SagaStep,
  type TimerRole,
  UNWIND_CHILD,
} from './core/machine/machine-roles.ts';
export type { CommandName, OperatorCommand, OutsideEvent } from './core/turn/inbound.ts';

// What a saga is at a moment, and what went wrong.
export type {
  Decision,
  Direction,
  EarlyEvent,
  FromJournal,
  Live,
  LiveActivity,
  LiveTimer,
  Resolution,
  SagaState,
  StepEntry,
  StepProgress,
  TimerReceiver,
  TimerTime,
} from './core/state.ts';
export type { SagaStatus, SettledStatus, StepKind, StepStatus } from './core/status.ts';
export { type Failure, PermanentError, type Thrown, TransientError } from './core/failure.ts';
export { BackstepError, type ErrorCode, type ErrorDetails, type Issue } from './core/errors.ts';
export type { DeadLetterContents } from './core/turn/dead-letter.ts';
export type { ParentLink } from './core/turn/parent-link.ts';
export type { MachineState, MigratedState, Migration } from './core/history/migration.ts';
export { type Distribution, quantileMs } from './core/distribution.ts';

// Proving it.
export type { Bounds } from './verify/bounds.ts';
export type { FindingCode } from './verify/finding-codes.ts';
export type { Finding, Severity, WayStep } from './verify/findings.ts';
export type { NotReached } from './verify/graph/reach.ts';
export type { UsedValue, ValueSource } from './verify/values/examples.ts';
export { type Verification, verify, type VerifyOptions } from './verify/verify.ts';

// Running it.
export type {
  Backstep,
  Bindings,
  BindingsGiven,
  Concurrency,
  EngineHealth,
  MachineBindings,
  Retention,
  RetentionState,
  SpawnOptions,
  StartQueueFigures,
  Subscriber,
} from './host/backstep.ts';
export { readAlertsFile } from './host/alerts/alert-file.ts';
export type {
  Alert,
  AlertCondition,
  AlertDelivery,
  AlertFunction,
  AlertOptions,
  AlertRule,
  AlertTarget,
  AlertWebhook,
} from './host/alerts/alert-options.ts';
export type {
  AlertFigures,
  AlertIncident,
  AlertMessage,
  AlertRuleInfo,
  Alerts,
  AlertTargetInfo,
} from './host/alerts/alerts-face.ts';
export type { AlertCause } from './host/alerts/marker.ts';
export type { DeliveryRecord } from './store/queries/alert-records.ts';
export { type CancelTimeout, type Clock, systemClock } from './host/clock.ts';
export type { Capabilities, Capability, CapabilityName, HostName } from './host/capabilities.ts';
export type {
  CallFigures,
  CallTrouble,
  CallTroubleKind,
  HostCalls,
  Nudged,
  ResyncProgress,
  StuckCall,
} from './host/host-calls.ts';
export type { EngineFigures, LiveActor } from './host/figures.ts';
export type { StepFigures, TypeFigures } from './host/telemetry/type-figures.ts';
export type { CountedOfStep } from './core/history/counted.ts';
export {
  backstepInbox,
  type InboxCalls,
  type InboxStart,
  type InboxWriter,
} from './runtime/inbox/backstep-inbox.ts';
export type { Limits } from './host/limits.ts';
export {
  inThread,
  type InThreadOptions,
  type ThreadActivity,
  threads,
  type Threads,
} from './host/threads/in-thread.ts';
export type { FatalCause } from './runtime/engine-parts.ts';
export { type BackstepOptions, openBackstep } from './runtime/open-backstep.ts';
export type { GivenUp, Outcome, Unsettled } from './host/outcome.ts';
export type { VerifyAtRegistration } from './host/registration-check.ts';
export type {
  CommandOptions,
  SagaHandle,
  SendOptions,
  Spawned,
  StartResult,
  StartStatus,
  TimeLimit,
} from './host/saga-handle.ts';
export type { Logger } from './host/turn-log.ts';
export type { VersionGap } from './host/versions/version-gaps.ts';
export type { HidesMember, Redact } from './core/secrets/redact.ts';

// Reading what happened.
export type { WriteOutcome } from './store/commit.ts';
export type { FeedEpoch } from './store/queries/feed-epochs.ts';
export type {
  CountedStatus,
  GaugeReads,
  LongestUnmoved,
  OpenLetters,
  UnderWay,
} from './store/queries/gauge-reads.ts';
export type { InboxFigures, InboxRow, RefusedRow } from './store/queries/inbox.ts';
export type { InboxConnection, InboxOptions } from './store/queries/inbox-rows.ts';
export type { PendingStartRecord, StartQueueSize } from './store/queries/start-reads.ts';
export type {
  AuditEntry,
  DeadLetter,
  DeadLetterGroup,
  FeedEntry,
  FeedFilter,
  JournalEntry,
  LetterGroupKey,
  Page,
  Paged,
  ReadModels,
  SagaFilter,
  SagaRecord,
  SagaSummary,
  StatusCounts,
  VersionCount,
} from './store/read-models.ts';
export type {
  AlertDeliveriesTable,
  AlertIncidentsTable,
  AlertMarksTable,
  AlertRulesTable,
  AuditTable,
  BulkCommandsTable,
  BulkItemsTable,
  DeadLettersTable,
  EngineTable,
  EngineTables,
  FeedEpochsTable,
  InboxKind,
  InboxTable,
  JournalTable,
  MovedSagasTable,
  OutboxTable,
  PendingStartsTable,
  RevokedSessionsTable,
  SagaStepsView,
  SagasTable,
  StartKeysTable,
} from './store/schema.ts';
export type { DatabaseAddress, DatabaseUrls } from './core/database-target.ts';
export { migrateDatabase, type MigrateOptions } from './store/migrate-database.ts';
export type { FileStoreOptions } from './store/sqlite/open-store.ts';
export type { OpenStoreOptions } from './store/open-store.ts';
export type { BulkCommands, BulkProgress, BulkRequest } from './host/upkeep/bulk-commands.ts';
export type {
  BulkCounts,
  BulkItem,
  BulkOutcome,
  BulkRecord,
} from './store/queries/bulk-records.ts';
export type { TakeOverOptions } from './store/postgres/ownership/timings.ts';
export type { FinalFault } from './store/final-fault.ts';
export type {
  DatabaseAccess,
  OwnerFacts,
  Restored,
  StoreHealth,
  StoreStats,
} from './store/store.ts';
export {
  backupDatabase,
  type BackupOptions,
  type BackupProgress,
  type CopiedDatabase,
  type ExaminedWith,
  restoreDatabase,
  type RestoreOptions,
} from './host/upkeep/backup.ts';
export {
  compactDatabase,
  type CompactedDatabase,
  type CompactionOptions,
} from './host/upkeep/compaction.ts';
export type { CompactionProgress } from './store/sqlite/compaction/compacting.ts';
export type { DatabaseSize } from './store/dialect.ts';
export type { Diagnosis, DoctorFinding } from './host/upkeep/doctor.ts';
export type { FlawKind } from './host/upkeep/examination.ts';
export type { MigrationsOf } from './host/versions/version-check.ts';
export type { ClosedMove, CloseMoveOptions } from './host/moves/close-move.ts';
export type {
  ExportedSagas,
  ExportOptions,
  LeavingSaga,
  MovedSagas,
  MoveProgress,
  OrderedBy,
} from './host/moves/export-sagas.ts';
export type { ImportedSagas, ImportOptions } from './host/moves/import-sagas.ts';
export { exportSagas, finishMove, importSagas, takeBackMove } from './host/moves/moving.ts';
export type { MoveDatabase } from './host/moves/owned-store.ts';
