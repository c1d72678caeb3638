/**
 * Every state that a saga can get into, and the moves between them, explored through the real core
 * under every outcome of every activity, timer, event and command.
 */
import type { Examples, SagaDefinition } from '../core/define/definition.ts';
import { witnessing } from '../core/machine/macrostep/transition-witness.ts';
import type { SagaState } from '../core/state.ts';
import { isSettled } from '../core/status.ts';
import { begin, turn } from '../core/turn/turn.ts';
import type { ExampleValues } from '../verify/values/examples.ts';
import { identityOf } from '../verify/identity.ts';
import { examplesFor } from '../verify/values/learn.ts';
import type { Move } from '../verify/moves/move.ts';
import { movesOf } from '../verify/moves/moves.ts';
import { NOTHING } from '../verify/world.ts';

/** A state that the saga can be in. */
export interface GraphNode {
  /** Where it was first reached from; `null`: the state after a start. */
  readonly parent: GraphNode | null;
  /** What the saga was started with. */
  readonly input: unknown;
  readonly isSettled: boolean;
  readonly edges: GraphEdge[];
}

/** One move. */
export interface GraphEdge {
  /** As verify tells it: `charge: refused`, `timer deadline`, `command cancel`. */
  readonly label: string;
  readonly from: GraphNode;
  readonly to: GraphNode;
  /** The drawn transitions that it takes, as XState's own objects. */
  readonly takes: readonly object[];
}

export interface SagaGraph {
  /** In the order they were reached in, the nearest first; those after a start come first. */
  readonly nodes: readonly GraphNode[];
  readonly examples: ExampleValues;
  /** False: `maxStates` were reached and there are more. */
  readonly isExhaustive: boolean;
}

/** Explores the saga. Throws what its own code throws on an example that was given. */
export function graphOf(definition: SagaDefinition, given: Examples, maxStates: number): SagaGraph {
  const examples = examplesFor(definition, given);
  const nodes: GraphNode[] = [];
  const known = new Map<string, GraphNode>();

  function arrive(
    state: SagaState,
    parent: GraphNode | null,
    input: unknown,
  ): readonly [GraphNode, boolean] {
    const identity = identityOf(state, NOTHING, examples.inputs.values.indexOf(input));
    const there = known.get(identity);
    if (there !== undefined) return [there, false];
    const node = { parent, input, isSettled: isSettled(state.status), edges: [] };
    known.set(identity, node);
    nodes.push(node);
    return [node, true];
  }

  function expand(from: GraphNode, state: SagaState): Reached[] {
    const reached: Reached[] = [];
    for (const move of movesOf(definition, state, examples)) {
      const takes: object[] = [];
      const next = witnessing(
        (each) => takes.push(each),
        () => taken(definition, move),
      );
      if (next?.kind !== 'advanced') continue;
      const [to, isNew] = arrive(next.state, from, from.input);
      from.edges.push({ label: move.label, from, to, takes });
      if (isNew) reached.push([to, next.state]);
    }
    return reached;
  }

  const [flaw] = examples.flaws();
  if (flaw !== undefined && examples.inputs.values.length === 0) {
    throw new Error(`saga "${definition.id}": ${flaw.member}: give an example; ${flaw.why}`);
  }
  let frontier = examples.inputs.values.flatMap((input): Reached[] => {
    const { state } = begin(definition, definition.id, input, 0);
    const [node, isNew] = arrive(state, null, input);
    return isNew ? [[node, state]] : [];
  });
  while (frontier.length > 0) {
    const reached: Reached[] = [];
    for (const [node, at] of frontier) {
      if (nodes.length >= maxStates) return { nodes, examples, isExhaustive: false };
      reached.push(...expand(node, at));
    }
    frontier = reached;
  }
  return { nodes, examples, isExhaustive: true };
}

type Reached = readonly [GraphNode, SagaState];

function taken(definition: SagaDefinition, { from, inbound, nowMs, label, isMadeUp }: Move) {
  try {
    return turn(definition, from, inbound, nowMs);
  } catch (cause) {
    // A made-up event lacks what the machine reads of it; verify says so.
    if (isMadeUp) return null;
    throw new Error(`saga "${definition.id}" throws at "${label}": ${String(cause)}`, { cause });
  }
}
