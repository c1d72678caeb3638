/**
 * Whether a made-up value is to blame for what a machine threw: a mapper that looks for what nobody
 * could have known is not wrong, and needs an example.
 *
 * The turn is taken again with stand-ins, which have every member, in the place of made-up values,
 * one after the other. What is still thrown then is the machine's own, unless its author threw it:
 * a value that is none of the known ones may be made up.
 */
import { begin, drawnTurn } from '../../core/turn/turn.ts';
import { identityOf } from '../../core/turn/advance.ts';
import type { SagaContext } from '../../core/define/saga-context.ts';
import type { SagaDefinition } from '../../core/define/definition.ts';
import { withContext } from '../../core/machine/macrostep/scope.ts';
import { readFields } from '../../core/machine/machine-nodes.ts';
import type { SagaState } from '../../core/state.ts';
import { isCompiled } from '../identity.ts';
import type { Move } from '../moves/move.ts';
import type { ExampleValues } from './examples.ts';
import { newShape, recorder } from './recorder.ts';

/** The made-up value that a start failed for; `null`: none. */
export function blamedAtStart(
  definition: SagaDefinition,
  { inputs }: ExampleValues,
  input: unknown,
  error: unknown,
): string | null {
  if (inputs.from !== 'made up') return null;
  const candidates = withStandIns('input', input).map(({ name, value }) => ({
    name,
    isCured: () => passes(() => begin(definition, definition.id, value, 0)),
  }));
  return firstToBlame(candidates, error);
}

/** The made-up value that a move failed for; `null`: none. */
export function blamedAt(
  definition: SagaDefinition,
  examples: ExampleValues,
  move: Move,
  error: unknown,
): string | null {
  const retaken = (state: SagaState, inbound: Move['inbound']) => (): boolean =>
    passes(() => drawnTurn(definition, state, inbound, move.nowMs));
  const brought = broughtBy(move, examples).map(({ name, inbound }) => ({
    name,
    isCured: retaken(move.from, inbound),
  }));
  const kept = isCompiled(move.from)
    ? keptIn(move.from.snapshot.context as SagaContext, examples).map(({ name, context }) => ({
        name,
        isCured: retaken(inContext(move.from, context), move.inbound),
      }))
    : [];
  return firstToBlame([...brought, ...kept], error);
}

interface Candidate {
  readonly name: string;
  readonly isCured: () => boolean;
}

function firstToBlame(candidates: readonly Candidate[], error: unknown): string | null {
  const cured = candidates.find(({ isCured }) => isCured());
  return cured?.name ?? (isAuthors(error) ? (candidates[0]?.name ?? null) : null);
}

function passes(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** True for what an author throws in words of their own. */
function isAuthors(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  return ![TypeError, RangeError, ReferenceError].some((native) => cause instanceof native);
}

function broughtBy({ inbound }: Move, examples: ExampleValues) {
  if (inbound.kind === 'result' && inbound.outcome.kind === 'done') {
    const { activity } = inbound;
    if (!examples.isOutputMadeUp(activity)) return [];
    const outcome = { kind: 'done', output: standIn() } as const;
    return [{ name: `output of "${activity}"`, inbound: { ...inbound, outcome } }];
  }
  if (inbound.kind === 'event' && examples.eventsOf(inbound.event.type).from === 'made up') {
    const { type } = inbound.event;
    return [{ name: `event "${type}"`, inbound: { ...inbound, event: eventStandIn(type) } }];
  }
  return [];
}

/** The context with a stand-in for each made-up value in it. */
function keptIn(context: SagaContext, examples: ExampleValues) {
  const { input, results } = context;
  const inputs =
    examples.inputs.from === 'made up'
      ? withStandIns('input', input).map(({ name, value }) => ({
          name,
          context: { ...context, input: value },
        }))
      : [];
  const outputs = Object.entries(results).flatMap(([step, result]) => {
    const type: unknown = readFields(readFields(result)['event'])['type'];
    const isEvent = readFields(result)['kind'] === 'event' && typeof type === 'string';
    const isMadeUp = isEvent
      ? examples.eventsOf(type).from === 'made up'
      : examples.isOutputMadeUp(step);
    if (!isMadeUp) return [];
    const stand = isEvent ? { kind: 'event', event: eventStandIn(type) } : standIn();
    const name = isEvent ? `event "${type}"` : `output of "${step}"`;
    return [{ name, context: { ...context, results: { ...results, [step]: stand } } }];
  });
  return [...inputs, ...outputs];
}

/** The value with a stand-in for each of its members, then for all of it; none where it has none. */
function withStandIns(name: string, value: unknown) {
  const members = Object.keys(readFields(value));
  if (members.length === 0) return [];
  return [
    ...members.map((member) => ({
      name: `${name}.${member}`,
      value: { ...readFields(value), [member]: standIn() },
    })),
    { name, value: standIn() },
  ];
}

function inContext(state: SagaState, context: SagaContext): SagaState {
  const { snapshot, live } = state;
  return { ...state, snapshot: withContext(snapshot, identityOf(state), context, live.activities) };
}

function standIn(): object {
  return recorder(newShape());
}

function eventStandIn(type: string): { readonly type: string } {
  const stand = standIn();
  return new Proxy(stand, {
    get: (_, member) => (member === 'type' ? type : (Reflect.get(stand, member) as unknown)),
  }) as { readonly type: string };
}
