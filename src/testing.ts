/**
 * `backstep/testing`: what tests of sagas import. Nothing here depends on a test runner, but
 * `backstep/testing/vitest`, which teaches vitest the matchers.
 */
import './node-guard.js';

// What a driven saga is given, and what its turns answer.
export type { CustomAction } from './core/machine/macrostep/action-command.ts';
export type {
  AttemptOutcome,
  Effect,
  Inbound,
  JournalRecord,
  StartHold,
  Turn,
} from './core/turn/inbound.ts';

export {
  crashEverywhere,
  type CrashOptions,
  type CrashReport,
  type CrashWorld,
} from './testing/crash-everywhere.ts';
export { replayExported } from './testing/exported-journal.ts';
export {
  FakeActivities,
  type FakeCall,
  type FakeEffect,
  type FakeOptions,
  type FakeOutcome,
} from './testing/fake-activities.ts';
export { type MatcherResult, type SagaMatchers, sagaMatchers } from './testing/matchers.ts';
export {
  coverageOf,
  type PathCoverage,
  type PathOptions,
  pathsOf,
  type SagaPath,
} from './testing/paths.ts';
export { SagaDriver } from './testing/saga-driver.ts';
export {
  compensatedSteps,
  type SagaStory,
  startedSteps,
  type StartedAttempt,
  storyText,
} from './testing/saga-story.ts';
export {
  openTestEngine,
  type SpawnTestOptions,
  type TestBindings,
  type TestEngine,
  type TestEngineOptions,
} from './testing/test-engine.ts';
export { ProcessDied, type ProcessOptions } from './testing/test-process.ts';
export { VirtualClock } from './testing/virtual-clock.ts';
