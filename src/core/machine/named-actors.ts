/**
 * A machine in which every actor that a state invokes has a name, as a restart needs it to find
 * its logic again: logic that is written into the drawing gets the id of its invoke for a name.
 *
 * The ids that XState makes for invokes without one, `<index>.<state>`, are kept: they follow from
 * the drawing, whose fingerprint the definition carries.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { asList, readFields } from './machine-nodes.ts';

type Config = Readonly<Record<string, unknown>>;

/** The machine itself where all actors are named, else another one of the same drawing. */
export function withNamedActors(machine: AnyStateMachine): AnyStateMachine {
  const { implementations } = machine;
  const inline = new Map<string, unknown>();
  const nameOf = (id: string, logic: unknown): string => {
    const known = inline.get(id) ?? (implementations.actors as Config)[id];
    const name = known === undefined || known === logic ? id : `${id} (inline)`;
    inline.set(name, logic);
    return name;
  };
  const config = namedIn(machine.root, nameOf);
  if (inline.size === 0) return machine;
  const actors = { ...implementations.actors, ...Object.fromEntries(inline) };
  return createMachine(config as never, { ...implementations, actors } as never);
}

interface Node {
  readonly config: unknown;
  readonly invoke: readonly { readonly id: string }[];
  readonly states: Readonly<Record<string, unknown>>;
}

function namedIn(
  { config, invoke, states }: Node,
  nameOf: (id: string, logic: unknown) => string,
): Config {
  const invokes = asList(readFields(config)['invoke']).map((drawn, index) => {
    const { src } = readFields(drawn);
    if (typeof src === 'string') return drawn;
    return { ...(drawn as object), src: nameOf(invoke[index]?.id ?? String(index), src) };
  });
  const inside = Object.entries(states).map(([key, state]) => [
    key,
    namedIn(state as Node, nameOf),
  ]);
  return {
    ...(config as Config),
    ...(invokes.length === 0 ? {} : { invoke: invokes }),
    ...(inside.length === 0 ? {} : { states: Object.fromEntries(inside) as Config }),
  };
}
