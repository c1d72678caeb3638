/**
 * What an exploration leaves behind: the graph of the states that were reached.
 *
 * Invariant: nodes stand in the order they were reached in, and a node's parent is on a shortest
 * path to it.
 */
import type { SagaStatus } from '../core/status.ts';
import { statePath } from '../core/machine/state-path.ts';
import type { PathStep } from './findings.ts';
import type { Drive } from './move.ts';

/** One state that was reached. */
export interface Node {
  /** `null`: the first one. */
  readonly parent: number | null;
  readonly event: string;
  readonly value: unknown;
  readonly status: SagaStatus;
  /** Its status says that it waits or retries. */
  readonly isWatched: boolean;
  readonly edges: readonly Edge[];
}

export interface Edge {
  readonly to: number;
  readonly label: string;
  readonly drive: Drive;
  /** The timer that fired, if one did. */
  readonly timer: string | null;
  /** See `isCountedUp`. */
  readonly isCounted: boolean;
  /** Ids of the timers that run on from before. */
  readonly keptTimers: readonly string[];
}

export interface Exploration {
  readonly nodes: readonly Node[];
  readonly isExhaustive: boolean;
  /** The transitions of the drawing that were taken on an event, as XState's own objects. */
  readonly taken: ReadonlySet<unknown>;
}

/** The events and places from the start to a node. */
export function pathTo(nodes: readonly Node[], index: number): readonly PathStep[] {
  const steps: PathStep[] = [];
  for (let at: number | null = index; at !== null;) {
    const node: Node | undefined = nodes[at];
    if (node === undefined) break;
    steps.push({ event: node.event, state: statePath(node.value) });
    at = node.parent;
  }
  return steps.toReversed();
}
