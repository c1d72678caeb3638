/**
 * What an exploration leaves behind: the graph of the states that were reached.
 *
 * Invariant: nodes stand in the order they were reached in, and a node's parent is on a shortest
 * way to it.
 */
import type { SagaStatus } from '../../core/status.ts';
import { statePath } from '../../core/machine/state-path.ts';
import type { WayStep } from '../findings.ts';
import type { Drive } from '../moves/move.ts';
import { targetsInWords } from './reach.ts';

/** One state that was reached. */
export interface Node {
  /** `null`: the first one. */
  readonly parent: number | null;
  readonly event: string;
  /** The drawn transitions of the turn that first led here, as XState's own objects. */
  readonly takes: readonly object[];
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
  /** The drawn transitions that it takes, as XState's own objects. */
  readonly takes: readonly object[];
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
  /** Every drawn transition that was taken, as XState's own objects. */
  readonly taken: ReadonlySet<object>;
}

/** One turn of a way. */
export function wayStep(event: string, value: unknown, takes: readonly object[]): WayStep {
  return { event, state: statePath(value), takes: takes.flatMap(targetsInWords) };
}

/** The way from the start to a node. */
export function wayTo(nodes: readonly Node[], index: number): readonly WayStep[] {
  const steps: WayStep[] = [];
  for (let at: number | null = index; at !== null;) {
    const node: Node | undefined = nodes[at];
    if (node === undefined) break;
    steps.push(wayStep(node.event, node.value, node.takes));
    at = node.parent;
  }
  return steps.toReversed();
}
