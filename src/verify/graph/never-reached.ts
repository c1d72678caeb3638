/**
 * The judgement on what was not reached: an option that no value takes hides whatever is wrong
 * behind it.
 *
 * A compiled saga is judged by what its author wrote, its conditions and loops; of a hand-written
 * machine every state and guarded transition is its author's.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { nodesOf, readFields, transitionsOf } from '../../core/machine/machine-nodes.ts';
import type { Fault, Findings } from '../findings.ts';
import { enteredStates, type Reached } from './reach.ts';

const EXAMPLES_CURE = 'give examples of the input, outputs and events that lead there';

/** Adds what was never reached. */
export function judgeReach(machine: AnyStateMachine, reached: Reached, findings: Findings): void {
  const isCompiled = readFields(machine.root.meta)['builder'] !== undefined;
  const faults = isCompiled ? untakenConditions(machine, reached) : untakenGuards(machine, reached);
  for (const fault of faults) findings.add(fault, []);
  // What stands behind an option of a compiled saga is never reached either.
  if (isCompiled && faults.length > 0) return;
  const entered = enteredStates(machine, reached);
  for (const node of nodesOf(machine)) {
    if (node.type === 'history' || entered.has(node)) continue;
    // A child of what is never entered says nothing new.
    if (node.parent !== undefined && !entered.has(node.parent)) continue;
    // The compiler draws ways back that nothing takes, as where there is nothing to undo.
    if (isCompiled && node.path[0] === 'compensating' && !invokesAnything(node)) continue;
    // It draws a place between attempts for a step of one attempt as well.
    if (isCompiled && node.key === 'retrying' && node.parent?.states['running']) continue;
    const where = `state "${node.id}"`;
    const cure = `draw a transition to it, remove it, or ${EXAMPLES_CURE}`;
    const what = `${where} is never entered`;
    const about = { subject: node.id, where, what, cure };
    findings.add({ code: 'unreachable-state', severity: 'warning', ...about }, []);
  }
}

function invokesAnything(node: AnyStateNode): boolean {
  return node.invoke.length > 0 || Object.values(node.states).some(invokesAnything);
}

/** In a hand-written machine: guarded transitions of states that were entered. */
function untakenGuards(machine: AnyStateMachine, reached: Reached): readonly Fault[] {
  const entered = enteredStates(machine, reached);
  return [...entered].flatMap((node) =>
    transitionsOf(node).flatMap((each) => {
      const event = String(each.eventType);
      // A guard on the end of all regions often stands against a case that cannot occur.
      const isAsked = each.guard !== undefined && !event.startsWith('xstate.done.state.');
      if (!isAsked || reached.taken.has(each)) return [];
      const at = `of "${node.id}" ${event === '' ? 'without an event' : `on ${event}`}`;
      const cure = 'give examples that satisfy the guard, or remove it';
      const where = `the guarded transition ${at}`;
      return [neverTaken(`${node.id} on ${event}`, where, `${where} was never taken`, cure)];
    }),
  );
}

/** In a compiled saga: ways that its author's conditions decide on. */
function untakenConditions(machine: AnyStateMachine, reached: Reached): readonly Fault[] {
  const authored = Object.keys(machine.implementations.guards).filter((name) => name.includes('.'));
  const entered = enteredStates(machine, reached);
  return nodesOf(machine).flatMap((node) => {
    const ways = node.always ?? [];
    if (!entered.has(node) || !ways.some((way) => authored.includes(guardOf(way)))) return [];
    return ways.flatMap((way) => {
      if (reached.taken.has(way)) return [];
      const where = optionWords(node, way);
      if (where === null) return [];
      const cure = `${EXAMPLES_CURE}, or remove the condition`;
      return [neverTaken(`${node.id} ${guardOf(way)}`, where, `${where} was never taken`, cure)];
    });
  });
}

/** What the author calls the way; `null`: it may well be that nothing takes it. */
function optionWords(node: AnyStateNode, way: AnyTransitionDefinition): string | null {
  const guard = guardOf(way);
  const [name = '', member = ''] = guard.split('.');
  const isLoop = (node.always ?? []).some((each) => guardOf(each).endsWith('.while'));
  if (isLoop) {
    // A loop that keeps within its bound is as it should be.
    if (member === 'unending') return null;
    return member === 'while' ? `a round of loop "${name}"` : `the end of loop "${node.key}"`;
  }
  if (node.key === 'deciding') {
    const step = node.parent?.key ?? '';
    return member === 'when' ? `step "${step}" with its "when"` : `leaving out step "${step}"`;
  }
  // The last option of a choice is often written to take all that is left.
  return member === '' ? null : `option "${member}" of choice "${name}"`;
}

function guardOf({ guard }: AnyTransitionDefinition): string {
  const { type } = readFields(guard);
  return typeof guard === 'string' ? guard : typeof type === 'string' ? type : '';
}

function neverTaken(subject: string, where: string, what: string, cure: string): Fault {
  return { code: 'never-taken', severity: 'warning', subject, where, what, cure };
}
