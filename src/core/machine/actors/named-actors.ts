/**
 * A machine in which every actor that a state invokes has a name, as a restart needs it to find
 * its logic again: logic that is written into the drawing gets the id of its invoke for a name.
 *
 * The ids that XState makes for invokes without one, `<index>.<state>`, are kept: they follow from
 * the drawing, whose fingerprint the definition carries.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { actionsOf, asList, nodesOf, readFields } from '../machine-nodes.ts';

type Config = Readonly<Record<string, unknown>>;

/** The machine itself where all actors are named, else another one of the same drawing. */
export function withNamedActors(machine: AnyStateMachine): AnyStateMachine {
  const { implementations } = machine;
  const inline = new Map<string, unknown>();
  const isTaken = (name: string, logic: unknown): boolean => {
    const known = inline.get(name) ?? (implementations.actors as Config)[name];
    return known !== undefined && known !== logic;
  };
  const nameOf = (id: string, logic: unknown): string => {
    let name = id;
    for (let count = 2; isTaken(name, logic); count++) name = `${id} (${count})`;
    inline.set(name, logic);
    return name;
  };
  const config = namedIn(machine.root, nameOf);
  const isRedrawn = inline.size > 0;
  for (const [id, logic] of inlineSpawns(machine)) nameOf(id, logic);
  if (inline.size === 0) return machine;
  const actors = { ...implementations.actors, ...Object.fromEntries(inline) };
  if (!isRedrawn) return machine.provide({ actors });
  return createMachine(config as never, { ...implementations, actors } as never);
}

// What `spawnChild` is given as a value is found again by that value, see `nameOfSrc`.
function inlineSpawns(machine: AnyStateMachine): readonly (readonly [string, unknown])[] {
  return nodesOf(machine).flatMap((node) =>
    actionsOf(machine, node).flatMap(({ resolved }) => {
      const { type, src, id } = readFields(resolved);
      if (type !== 'xstate.spawnChild' || typeof src === 'string') return [];
      return [[typeof id === 'string' ? id : `${node.id} spawns`, src] as const];
    }),
  );
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
