/**
 * The public API of Backstep: define a saga, implement its activities, run it durably.
 */
import './node-guard.js';

export {
  type Activities,
  activity,
  type Activity,
  type ActivityContext,
  type Contract,
  type LateResult,
  type ProbeAnswer,
  transactional,
  type WritePlan,
} from './core/activity.ts';
export type {
  CompensationView,
  ForwardView,
  RoundView,
  SagaOptions,
  WaitResult,
} from './core/define/options.ts';
export type { SagaDefinition } from './core/define/definition.ts';
export { durable, type DurableOptions } from './core/define/durable.ts';
export type { EventSchemas } from './core/define/event-schemas.ts';
export { BackstepError, type ErrorCode } from './core/errors.ts';
export { type Failure, PermanentError, TransientError } from './core/failure.ts';
export type { CommandName, OperatorCommand, OutsideEvent } from './core/turn/inbound.ts';
export { UNWIND_CHILD } from './core/machine/machine-roles.ts';
export type { MachineState, MigratedState, Migration } from './core/history/migration.ts';
export { exponential, NO_RETRY, type RetryPolicy } from './core/retry-policy.ts';
export { defineSaga } from './core/define/saga.ts';
export type { SagaState, StepEntry } from './core/state.ts';
export type { SagaStatus, StepStatus } from './core/status.ts';
export { type Verification, verify } from './verify/verify.ts';
export type {
  Backstep,
  Bindings,
  Concurrency,
  Retention,
  RetentionState,
  SpawnOptions,
  StartQueueFigures,
  Subscriber,
} from './runtime/backstep.ts';
export { type Clock, systemClock } from './runtime/clock.ts';
export type { Outcome, Unsettled } from './runtime/outcome.ts';
export type {
  CommandOptions,
  SagaHandle,
  SendOptions,
  Spawned,
  StartStatus,
  WaitOptions,
} from './runtime/saga-handle.ts';
export { type BackstepOptions, openBackstep } from './runtime/open-backstep.ts';
export type { VerifyAtRegistration } from './runtime/registration-check.ts';
export { migrateDatabase, type MigrateOptions } from './store/sqlite/migrate-database.ts';
