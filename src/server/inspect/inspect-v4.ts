/**
 * The protocol of `@xstate/inspect`, the inspector of XState 4: the same turns as that version's
 * states and events. Machines and states travel as JSON inside of the messages.
 */
import type { EventObject } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import type { InspectDialect } from './inspect-feed.ts';
import type { InspectedSnapshot } from './inspect-journal.ts';
import { machineOfVersion4, type Version4Machine } from './inspect-v4-machine.ts';

/** Services, states and events. */
export function version4Dialect(): InspectDialect {
  const machines = new Map<SagaDefinition, Version4Machine>();

  function machineOf(definition: SagaDefinition): Version4Machine {
    const known = machines.get(definition);
    if (known !== undefined) return known;
    const machine = machineOfVersion4(definition.machine);
    machines.set(definition, machine);
    return machine;
  }

  return {
    saga({ id, type, definition, parentId }, snapshot) {
      const machine = definition === null ? null : machineOf(definition);
      return [
        {
          type: 'service.register',
          machine: JSON.stringify(machine?.config ?? strangeMachine(type, snapshot)),
          state: stateText(snapshot, { type: 'xstate.init' }),
          id: type,
          sessionId: id,
          ...(parentId === null ? {} : { parent: parentId }),
        },
        ...(snapshot.status === 'active' ? [] : [{ type: 'service.stop', sessionId: id }]),
      ];
    },
    turn({ id: sessionId, definition }, { event, snapshot, isOver, sourceId }, { isNote }) {
      const name = definition === null ? event.type : machineOf(definition).eventName(event.type);
      const renamed = { ...event, type: name };
      const scxml = scxmlEvent(renamed, sourceId);
      return [
        { type: 'service.event', event: JSON.stringify(scxml), sessionId },
        ...(isNote
          ? []
          : [{ type: 'service.state', state: stateText(snapshot, renamed), sessionId }]),
        ...(isOver ? [{ type: 'service.stop', sessionId }] : []),
      ];
    },
  };
}

/** A saga whose drawing is gone: one state, the one it is in. */
function strangeMachine(id: string, { value }: InspectedSnapshot): object {
  const key = typeof value === 'string' ? value : (Object.keys(value)[0] ?? 'unknown');
  return { id, initial: key, states: { [key]: {} } };
}

function scxmlEvent(event: EventObject, origin: string | null): object {
  return {
    name: event.type,
    data: event,
    $$type: 'scxml',
    type: 'external',
    ...(origin === null ? {} : { origin }),
  };
}

function stateText(snapshot: InspectedSnapshot, event: EventObject): string {
  const { value, context, status, tags, output } = snapshot;
  return JSON.stringify({
    value,
    context,
    event,
    _event: scxmlEvent(event, null),
    _sessionid: null,
    actions: [],
    activities: {},
    meta: {},
    events: [],
    configuration: [],
    transitions: [],
    children: {},
    done: status === 'done',
    changed: true,
    tags,
    ...(output === undefined ? {} : { output }),
  });
}
