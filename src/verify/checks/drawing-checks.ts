/**
 * The judgement on what the drawing says by itself, without a turn: time limits that can never pass
 * as another one comes first, and events that nobody declared.
 */
import type { AnyStateNode } from 'xstate';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { isWildcard, outsideEvents } from '../../core/machine/event-types.ts';
import { isDescendant, nodesOf, readFields } from '../../core/machine/machine-nodes.ts';
import type { Fault, Findings } from '../findings.ts';
import { fixedDelayMs } from '../../core/machine/machine-delays.ts';
import { afterId } from '../../core/machine/timer-ids.ts';

/** Adds what is wrong. */
export function judgeDrawing(definition: SagaDefinition, findings: Findings): void {
  const faults = [
    ...limitsOutlasted(definition),
    ...heartbeatsOutlasted(definition),
    ...undeclaredEvents(definition),
  ];
  for (const fault of faults) findings.add(fault, []);
}

/** A limit of fixed length, in a state that every way out of which takes. */
interface Limit {
  readonly node: AnyStateNode;
  readonly name: string;
  readonly ms: number;
}

/**
 * A wait, reminder or total time longer than a limit of a state around it, which began no later.
 * The time-out of an attempt is only told of where its own total time is shorter: below a deadline
 * it is the deadline that is meant to be short.
 */
function limitsOutlasted(definition: SagaDefinition): readonly Fault[] {
  const limits = nodesOf(definition.machine).flatMap((node) => limitsOf(definition, node));
  return limits.flatMap((inner) => {
    const isTimeout = inner.name.endsWith('.timeout');
    const isRetry = definition.timers.get(afterId(inner.name, inner.node.id))?.kind === 'retry';
    if (isRetry) return [];
    const outer = limits
      .filter(({ node, ms }) => isDescendant(inner.node, node) && ms < inner.ms)
      .filter(({ name }) => !isTimeout || name === inner.name.replace(/timeout$/, 'total'))
      .toSorted((one, other) => one.ms - other.ms)[0];
    if (outer === undefined) return [];
    const where = `the time limit "${inner.name}"`;
    const what =
      `"${inner.name}" takes ${inner.ms} ms, but "${outer.name}" around it ends ` +
      `"${outer.node.id}" after ${outer.ms} ms`;
    const cure = `make "${inner.name}" shorter, or "${outer.name}" longer`;
    return [neverInTime(inner.name, where, what, cure)];
  });
}

function limitsOf({ machine }: SagaDefinition, node: AnyStateNode): readonly Limit[] {
  return Object.keys(node.config.after ?? {}).flatMap((name) => {
    const ms = fixedDelayMs(machine, name);
    return ms === null ? [] : [{ node, name, ms }];
  });
}

function heartbeatsOutlasted({ machine }: SagaDefinition): readonly Fault[] {
  return nodesOf(machine).flatMap((node) => {
    const { heartbeatMs } = readFields(node.meta);
    return node.invoke.flatMap(({ id }) => {
      const timeoutMs: unknown = machine.implementations.delays[`${id}.timeout`];
      if (typeof heartbeatMs !== 'number' || typeof timeoutMs !== 'number') return [];
      if (heartbeatMs < timeoutMs) return [];
      const where = `the heartbeat of "${id}"`;
      const what = `${where} is due every ${heartbeatMs} ms, but an attempt ends after ${timeoutMs} ms`;
      const cure = 'make the heartbeat shorter, or the timeout of the attempt longer';
      return [neverInTime(`${id} heartbeat`, where, what, cure)];
    });
  });
}

function undeclaredEvents({ machine, events }: SagaDefinition): readonly Fault[] {
  if (events.size === 0) return [];
  const names = outsideEvents(machine).filter((type) => !isWildcard(type) && !events.has(type));
  return names.map((type) => {
    const where = `event "${type}"`;
    const what = `no schema is given for ${where}, though there are some for others`;
    const cure = 'add it to "events", or let nothing wait for it';
    const about = { subject: type, where, what, cure };
    return { code: 'undeclared-event', severity: 'warning', ...about } as const;
  });
}

function neverInTime(subject: string, where: string, what: string, cure: string): Fault {
  return { code: 'never-in-time', severity: 'warning', subject, where, what, cure };
}
