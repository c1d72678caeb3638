/**
 * Where the effects of a committed turn go.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../core/errors.ts';
import type { Effect } from '../../core/turn/inbound.ts';
import type { SagaState } from '../../core/state.ts';
import { traceOf } from '../../core/turn/parent-link.ts';
import { outboxId } from '../../store/outbox-id.ts';
import type { FeedEntry } from '../../store/read-models.ts';
import type { PendingMessage, StoredSaga } from '../../store/store.ts';
import type { AttemptTask } from '../../host/outside/activity-runner.ts';
import type { CommittedTurn } from '../../host/turn/taken-turn.ts';
import type { ListenerCall } from '../outside/listeners.ts';
import type { ChildCall } from '../outside/child-sagas.ts';
import { outboxRowsOf } from '../../host/outside/outbox-messages.ts';
import type { Registration } from '../../host/registry.ts';
import type { SagaWatchers } from '../../host/saga-watchers.ts';
import type { SagaTelemetry } from '../../host/telemetry/saga-telemetry.ts';

/** Where a turn's effects go. */
export interface Outlets {
  readonly runner: {
    start(task: AttemptTask): void;
    stop(sid: number, activity: string, token: number): void;
  };
  readonly listeners: {
    start(call: ListenerCall): void;
    tell(sid: number, activity: string, token: number, event: EventObject): void;
    stop(sid: number, activity: string, token: number): void;
  };
  readonly children: {
    call(call: ChildCall): void;
    leave(call: Pick<ChildCall, 'sid'>, activity: string, token: number): void;
    over(state: SagaState): void;
  };
  readonly timers: {
    set(sid: number, dueMs: number | null, isInFlight: boolean): void;
    moved(sid: number): void;
  };
  readonly courier: { deliver(message: PendingMessage): void };
  readonly queue: {
    isBounded(type: string): boolean;
    parked(stored: StoredSaga): void;
    changed(type: string, sid: number, before: SagaState | null, after: SagaState): void;
  };
  readonly feed: { publish(entry: FeedEntry): void };
  readonly watchers: Pick<SagaWatchers, 'tell'>;
  readonly telemetry: Pick<SagaTelemetry, 'took' | 'parked'>;
}

/** Carries out the effects of a turn that is durable. Throws when an activity is not bound. */
export function carryOut(
  sid: number,
  registration: Registration,
  turn: CommittedTurn,
  outlets: Outlets,
): void {
  const { id: type } = registration.definition;
  for (const effect of turn.effects) carryOutOne(effect, sid, registration, turn, outlets);
  for (const { index, ...row } of outboxRowsOf(turn)) {
    outlets.courier.deliver({
      id: outboxId(turn.seq, index),
      sid,
      sagaId: turn.after.id,
      type,
      ...row,
    });
  }
}

function carryOutOne(
  effect: Effect,
  sid: number,
  registration: Registration,
  turn: CommittedTurn,
  { runner, listeners, children }: Outlets,
): void {
  const { id: sagaId } = turn.after;
  const { definition } = registration;
  switch (effect.kind) {
    case 'stop-activity':
      runner.stop(sid, effect.activity, effect.token);
      listeners.stop(sid, effect.activity, effect.token);
      children.leave({ sid }, effect.activity, effect.token);
      return;
    case 'start-activity': {
      const { child } = effect;
      if (child !== null) {
        const called = definition.children[effect.src] ?? null;
        const saga = turn.after;
        children.call({ sid, saga, effect: { ...effect, child }, definition: called });
        return;
      }
      const implementation = registration.activities.get(effect.src);
      if (effect.listener !== undefined && implementation === undefined) {
        const logic = definition.own.get(effect.src);
        listeners.start({ sid, sagaId, effect, logic });
        return;
      }
      if (implementation === undefined) {
        throw new BackstepError('definition-invalid', `activity "${effect.src}" is not bound`);
      }
      const { id: type, isBuilt } = definition;
      const trace = traceOf(turn.after);
      const keepsThrown = !isBuilt;
      runner.start({ run: sid, sagaId, type, trace, effect, implementation, keepsThrown });
      return;
    }
    case 'tell-activity':
      listeners.tell(sid, effect.activity, effect.token, effect.event);
      return;
    case 'emit':
    case 'send':
    case 'act':
      return; // with the rows of the outbox
  }
}
