/**
 * The protocol of `@statelyai/inspect`, the inspector of XState 5.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { InspectDialect } from './inspect-feed.ts';
import type { InspectedSaga } from './inspect-journal.ts';

/** The version of the protocol that is spoken. */
const VERSION = '0.7.2';

/** Actors, events and snapshots, each an object of its own. */
export function statelyDialect(): InspectDialect {
  const definitions = new Map<SagaDefinition, string>();

  function definitionText(definition: SagaDefinition): string {
    const known = definitions.get(definition);
    if (known !== undefined) return known;
    const text = machineConfigText(definition);
    definitions.set(definition, text);
    return text;
  }

  return {
    saga: (saga, snapshot, atMs) => [
      {
        type: '@xstate.actor',
        name: saga.type,
        ...base(saga, atMs, saga.id),
        parentId: saga.parentId ?? undefined,
        definition:
          saga.definition === null
            ? JSON.stringify({ id: saga.type })
            : definitionText(saga.definition),
        snapshot,
      },
    ],
    turn: (saga, { event, sourceId, snapshot }, { atMs, seq, isNote }) => [
      {
        type: '@xstate.event',
        ...base(saga, atMs, `${seq}`),
        event,
        sourceId: sourceId ?? undefined,
      },
      ...(isNote
        ? []
        : [{ type: '@xstate.snapshot', ...base(saga, atMs, `${seq}.snapshot`), event, snapshot }]),
    ],
  };
}

/** A machine as its author wrote it, in JSON; functions by their names. */
function machineConfigText({ machine }: SagaDefinition): string {
  const replaceFunctions = (_key: string, value: unknown): unknown =>
    typeof value === 'function' ? { type: value.name } : value;
  return JSON.stringify({ ...machine.config, id: machine.id }, replaceFunctions);
}

function base({ id: sessionId, rootId }: InspectedSaga, atMs: number, id: string): object {
  return { _version: VERSION, rootId, sessionId, createdAt: String(atMs), id };
}
