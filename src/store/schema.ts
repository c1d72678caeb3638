/**
 * The engine's tables as Kysely sees them. The DDL is in migrations/; test/store compares the two.
 */
import type { Generated } from 'kysely';
import type { SagaStatus } from '../core/status.ts';

/** What a row of the inbox asks for. */
export type InboxKind = 'start' | 'event' | 'command';

export interface SagasTable {
  sid: number;
  id: string;
  type: string;
  version: number;
  definition_hash: string;
  key: string | null;
  status: SagaStatus;
  seq: number;
  wake_at: number | null;
  state: string;
  checksum: number;
  step: string | null;
  attempts: number;
  error: string | null;
  created_at: number;
  updated_at: number;
  ended_at: number | null;
  /** In which form `state` is written; see migration 0014. */
  format: number;
}

/** A view over the steps inside `sagas.state`; times in milliseconds since 1970. */
export interface SagaStepsView {
  saga_id: string;
  sid: number;
  /** 0 for the step started first. */
  position: number;
  step_name: string;
  occurrence: number;
  status: string;
  attempts: number;
  started_at: number;
  ended_at: number | null;
  error: string | null;
  compensation_name: string | null;
  compensation_status: string | null;
  compensation_attempts: number | null;
  compensation_started_at: number | null;
  compensation_ended_at: number | null;
}

export interface JournalTable {
  seq: number;
  sid: number;
  saga_seq: number;
  at: number;
  kind: 'transition' | 'note';
  cause: string;
  event: string;
  from_state: string | null;
  to_state: string;
  status: SagaStatus;
  data: string;
  /** In which form `data` is written. */
  format: number;
}

export interface OutboxTable {
  id: number;
  sid: number;
  saga_seq: number;
  position: number;
  event: string;
  data: string;
  /** The id that its receivers know it by, of a message that was moved here; see migration 0018. */
  known_as: number | null;
}

export interface StartKeysTable {
  type: string;
  key: string;
  input_hash: string;
  saga_id: string;
  /** How the saga ended that was removed since; see migration 0011. */
  final_status: SagaStatus | null;
}

/** At most one open letter (`resolved_at` null) per saga. */
export interface DeadLettersTable {
  id: number;
  sid: number;
  kind: SagaStatus;
  letter: string;
  opened_at: number;
  resolved_at: number | null;
}

export interface AuditTable {
  id: number;
  sid: number;
  saga_seq: number;
  at: number;
  command: string;
  by: string;
  reason: string | null;
}

/** A command for many sagas; `filter` is what its list was frozen from, as JSON. */
export interface BulkCommandsTable {
  id: number;
  command: string;
  by: string;
  reason: string | null;
  filter: string | null;
  total: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface BulkItemsTable {
  bulk_id: number;
  position: number;
  saga_id: string;
  outcome: 'taken' | 'refused' | 'failed' | null;
  status: string | null;
  detail: string | null;
}

/** A saga that has not begun; see migration 0006. */
export interface PendingStartsTable {
  sid: number;
  type: string;
  position: number | null;
  start_at: number | null;
}

/** A session that was logged out of; see migration 0013. */
export interface RevokedSessionsTable {
  id: string;
  until: number;
}

/** One row: who owns the file, and whether the last owner left it in good order. */
export interface EngineTable {
  id: 1;
  owner_epoch: number;
  left_clean: number;
  /** Removals wait for so much running time; see migration 0012. */
  removal_held_ms: number | null;
  /** Counts the restores of a copy; see migration 0018. */
  generation: number;
  is_copy: number;
  copied_at: number | null;
  restored_at: number | null;
  is_projection: number;
}

/** A saga that leaves, has left, or came from another database; see migration 0018. */
export interface MovedSagasTable {
  saga_id: string;
  move: string;
  phase: 'leaving' | 'gone' | 'here';
  /** Where it goes, went or came from, as people call that. */
  place: string;
  /** Milliseconds since 1970. */
  at: number;
  sid: number;
  /** Of one that leaves: JSON of what of its row says how it stood before. */
  standing: string | null;
}

/** One life of the database, as its feed tells it; see migration 0015. */
export interface FeedEpochsTable {
  id: number;
  name: string;
  after_seq: number;
}

/** A start or an event that was asked for by a row; see migration 0016. */
export interface InboxTable {
  id: Generated<number>;
  kind: InboxKind;
  /** A type of saga to start, or the id of the saga that is meant. */
  target: string;
  /** JSON of the input, the event or the command. */
  payload: string;
  /** Start key, or id of the event. */
  key: string | null;
  /** JSON of what else was given. */
  options: string | null;
  /** Of a process that waits for the answer; unique. */
  request: string | null;
  /** Milliseconds since 1970. */
  created_at: Generated<number>;
  /** When it was refused or answered; `null`: it waits. */
  settled_at: number | null;
  /** JSON: why it was refused, or what is answered to the request. */
  answer: string | null;
}

/** What is known of a rule of alerts; see migration 0019. */
export interface AlertRulesTable {
  name: string;
  fingerprint: string;
  scanned_sid: number | null;
}

/** That a saga stands as a rule says; at most one without an end by rule and saga. */
export interface AlertMarksTable {
  id: Generated<number>;
  rule: string;
  sid: number;
  /** JSON, see src/host/alerts/marker.ts. */
  cause: string;
  since: number;
  ended_at: number | null;
  is_counted: Generated<number>;
  detail: string | null;
}

/** One that is resolved, or not yet: at most one of those by rule and cause. */
export interface AlertIncidentsTable {
  id: string;
  rule: string;
  cause: string;
  opened_at: number | null;
  resolved_at: number | null;
  /** JSON, see src/host/alerts/incident.ts. */
  state: string;
}

/** A message about an incident to one target. */
export interface AlertDeliveriesTable {
  id: Generated<number>;
  message: string;
  target: string;
  incident: string | null;
  rule: string | null;
  kind: string;
  body: string;
  created_at: number;
  due_at: number | null;
  attempts: Generated<number>;
  settled_at: number | null;
  outcome: 'delivered' | 'given-up' | null;
  error: string | null;
}

export interface EngineTables {
  sagas: SagasTable;
  saga_steps: SagaStepsView;
  journal: JournalTable;
  outbox: OutboxTable;
  start_keys: StartKeysTable;
  dead_letters: DeadLettersTable;
  audit: AuditTable;
  pending_starts: PendingStartsTable;
  bulk_commands: BulkCommandsTable;
  bulk_items: BulkItemsTable;
  revoked_sessions: RevokedSessionsTable;
  engine: EngineTable;
  feed_epochs: FeedEpochsTable;
  inbox: InboxTable;
  alert_rules: AlertRulesTable;
  alert_marks: AlertMarksTable;
  alert_incidents: AlertIncidentsTable;
  alert_deliveries: AlertDeliveriesTable;
  moved_sagas: MovedSagasTable;
}
