/**
 * Retries that a person sees and nobody ends: the status says that the saga tries again, and yet no
 * one is ever asked. What is declared `retriable` is meant so.
 */
import type { SagaDefinition } from '../../core/define/definition.ts';
import { statePath } from '../../core/machine/state-path.ts';
import type { Edge, Node } from './exploration.ts';

/** So often in a row a place is come back to before it is taken to have no bound. */
const MANY_TIMES = 12;

/** True for a move of the saga itself to where nobody is waited for. */
export function isUnattended(nodes: readonly Node[], edge: Edge): boolean {
  const status = nodes[edge.to]?.status;
  const isAttended =
    status === 'waiting' || status === 'failed' || status === 'compensation_failed';
  return edge.drive !== 'outside' && !edge.isCounted && !isAttended;
}

/** True when these moves try again what is to be given up on at some time. */
export function retriesWhatEnds(
  { timers, invokes }: SagaDefinition,
  edges: readonly Pick<Edge, 'timer'>[],
): boolean {
  return edges.some(({ timer }) => {
    const role = timer === null ? undefined : timers.get(timer);
    const invoke = role?.kind === 'retry' ? invokes.get(role.activity) : undefined;
    return invoke !== undefined && (invoke.direction !== 'forward' || invoke.kind !== 'retriable');
  });
}

/**
 * The first state that an exploration came back to again and again, each time as another state, as
 * where attempts are counted and never compared; `null`: there is none.
 */
export function countedWithoutEnd(
  definition: SagaDefinition,
  nodes: readonly Node[],
): number | null {
  const places = nodes.map(({ value }) => statePath(value));
  const edgeTo = (index: number): Edge | undefined => {
    const parent = nodes[index]?.parent ?? null;
    return parent === null ? undefined : nodes[parent]?.edges.find(({ to }) => to === index);
  };
  for (const index of nodes.keys()) {
    const edges: Edge[] = [];
    let times = 0;
    for (let at = index; ;) {
      const edge = edgeTo(at);
      if (edge === undefined || !isUnattended(nodes, edge)) break;
      edges.push(edge);
      at = nodes[at]?.parent ?? 0;
      times += Number(places[at] === places[index]);
    }
    if (times >= MANY_TIMES && retriesWhatEnds(definition, edges)) return index;
  }
  return null;
}
