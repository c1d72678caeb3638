/** How a saga goes on that was moved, or was to be: as after a restart. */
import type { ObjectContext } from '@restatedev/restate-sdk';
import { parseStored } from '../../core/history/codec.ts';
import { isOver, isStill } from '../../core/state.ts';
import { isSettled } from '../../core/status.ts';
import { isUnstarted, pendingStartOf } from '../../core/turn/waiting-room.ts';
import { reasonOfEnd } from '../../host/outside/child-ends.ts';
import { sagaMessageOf } from '../../host/outside/outbox-messages.ts';
import { interruptions } from '../../host/turn/wake-ups.ts';
import type { TurnRecord } from '../../store/commit.ts';
import { type Loaded, workAlone } from '../handlers/alone.ts';
import { SERVICES } from '../names.ts';
import { flush, heldCalls, holdCalls, send } from '../saga-state.ts';
import { type Send, toGate, toSaga } from '../send.ts';
import type { WorkPlace } from '../sends.ts';
import type { TurnWork } from '../turn-work.ts';
import type { Message, OutboxWords } from '../words.ts';
import type { ArrivingMessage } from './move-words.ts';

/** How it goes on. */
export interface GoingOn {
  /** What was under way had not ended by a crash. */
  readonly wasClean: boolean;
  /** The turn that says so, where it was to leave. */
  readonly lead?: TurnRecord;
}

/** Dispatches what is live, arms its timers, and takes what came meanwhile. */
export async function goesOn(
  ctx: ObjectContext,
  place: WorkPlace,
  loaded: Loaded,
  { wasClean, lead }: GoingOn,
): Promise<void> {
  const held = await heldCalls(ctx);
  const work = workAlone(place, ctx.key, loaded, (each) => resume(each, ctx.key, place, wasClean));
  if (lead !== undefined) work.lead(lead);
  await flush(ctx, work);
  for (const { handler, words } of held) {
    send(ctx, { service: SERVICES.saga, key: ctx.key, handler, words });
  }
  if (held.length > 0) holdCalls(ctx, []);
}

function resume(
  work: TurnWork,
  id: string,
  { registry, keepEndedMs }: WorkPlace,
  wasClean: boolean,
): void {
  const { state, facts } = work;
  if (isOver(state)) {
    if (keepEndedMs !== null) work.alsoSend(toSaga(id, 'forget', {}, keepEndedMs));
    return;
  }
  const isQueued = pendingStartOf(state)?.kind === 'queued';
  if (registry.boundOf(facts.type) === null) {
    if (isQueued) work.takeAlone({ kind: 'admit' });
  } else if (isQueued) {
    work.note({ gate: 'waits' });
    work.alsoSend(toGate(facts.type, id));
  } else if (!isUnstarted(state) && !isSettled(state.status)) {
    work.note({ gate: 'holds' });
    work.alsoSend(toGate(facts.type, id, true));
  }
  if (isStill(state)) return; // what resumes it dispatches again
  for (const each of interruptions(state, wasClean)) work.takeAlone(each);
}

/** What it has said where it was, and nobody has acknowledged, as calls that say it here. */
export function messageSends(
  saga: { readonly id: string; readonly type: string; readonly text: string },
  messages: readonly ArrivingMessage[],
  atMs: number,
): readonly Send[] {
  const { id, type, text } = saga;
  return messages.flatMap(({ sagaSeq: seq, position: index, event, data, knownAs }) => {
    const told = sagaMessageOf({ event, data });
    if (told === null) {
      const words: OutboxWords = { type, seq, index, event, data, knownAs };
      return [{ service: SERVICES.outbox, key: id, handler: 'deliver', words }];
    }
    if (told.kind === 'send') {
      const { to, shows, event: sent } = told;
      const eventId = `message-${knownAs}`;
      const inbound: Message =
        shows === undefined
          ? { kind: 'event', id: eventId, event: sent }
          : { kind: 'told', ...shows, event: sent, id: eventId };
      return [toSaga(to, 'message', { inbound, atMs })];
    }
    const row = { of: id, seq, data };
    return told.children.map(({ id: child, command }) => {
      if (command === 'if-left') {
        return toSaga(parentIn(id, text), 'goesOn', { child, row, atMs });
      }
      // No attempt waits for this child any more, so that none is named.
      const words = { activity: '', token: 0, command, reason: reasonOfEnd(command), row, atMs };
      return toSaga(child, 'end', words);
    });
  });
}

function parentIn(id: string, text: string): string {
  return parseStored(id, text).parent?.sagaId ?? id;
}
