/**
 * The detailed log for debugging: one structured line per turn, with saga id, step and attempt.
 *
 * Every transition at level debug, failures at warn, settled sagas at info. Never logs payloads.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Failure } from '../core/failure.ts';
import { currentStep } from '../core/state.ts';
import { traceOf } from '../core/turn/parent-link.ts';
import { isSettled, needsPerson } from '../core/status.ts';
import { traceFields } from './telemetry/trace-fields.ts';
import type { TakenTurn } from './turn/taken-turn.ts';

/** The part of a pino logger that the runtime calls. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
  fatal(details: object, message: string): void;
  isLevelEnabled(level: string): boolean;
}

/** Logs nothing: the default of an embedded engine. */
export const silentLogger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  isLevelEnabled: () => false,
};

export interface TurnLog {
  turn(type: string, turn: TakenTurn): void;
  actorFailed(sid: number, failures: number, error: unknown): void;
  parkedUnreadable(sagaId: string, failure: Failure): void;
  loadDelayed(sid: number, attempt: number, error: unknown): void;
  notMigrated(sagaId: string, error: unknown): void;
  definitionEdited(definition: SagaDefinition, oldHash: string): void;
}

/** `log`: hides secrets by itself. */
export function createTurnLog(log: Logger): TurnLog {
  return {
    turn: (type, committed) => logTurn(log, type, committed),
    actorFailed: (sid, failures, err) =>
      log.error({ sid, failures, err }, 'a saga actor failed; it starts again from the store'),
    parkedUnreadable: (sagaId, failure) => {
      const details = { sagaId, failure };
      // When many sagas are parked at once for their version, the version keeper logs one line.
      if (failure.code === 'version-missing') log.debug(details, 'a saga was parked');
      else log.error(details, 'a saga was parked: its stored state cannot be read');
    },
    loadDelayed: (sid, attempt, err) =>
      log.warn({ sid, attempt, err }, 'a saga could not be loaded yet; trying again'),
    notMigrated: (sagaId, err) =>
      log.warn({ sagaId, err }, 'sagas stay on their version: they could not be migrated'),
    definitionEdited: ({ id, version, hash }, oldHash) =>
      log.warn(
        { type: id, version, hash, oldHash },
        'the drawing changed under the same version; sagas in flight go on under it as far as they ' +
          'can. Raise the version of what you edit',
      ),
  };
}

function logTurn(log: Logger, type: string, { before, after, record, effects }: TakenTurn) {
  const { inbound } = record;
  const failure =
    inbound.kind === 'result' && inbound.outcome.kind === 'failed' ? inbound.outcome.failure : null;
  const hasSettled = isSettled(after.status) && before?.status !== after.status;
  if (failure === null && !hasSettled && !log.isLevelEnabled('debug')) return;
  const step = currentStep(after.steps);
  const details = {
    sagaId: after.id,
    type,
    seq: after.seq,
    cause: record.cause,
    event: record.event,
    from: record.from,
    to: record.to,
    status: after.status,
    ...traceFields(traceOf(after)),
    step: step?.name,
    attempt: step?.compensation?.attempts ?? step?.attempts,
    effects: effects.map((effect) => effect.kind),
    ...(failure === null ? {} : { failure }),
    ...(record.note === undefined ? {} : { note: record.note }),
  };
  if (needsPerson(after.status) && hasSettled) log.error(details, `saga ${after.status}`);
  else if (hasSettled) log.info(details, `saga ${after.status}`);
  else if (failure !== null) log.warn(details, 'attempt failed');
  else log.debug(details, record.kind);
}

function ignore(): void {
  // nobody listens
}
