/**
 * A machine as source text that Stately's editor imports: `createMachine` with the config as
 * JSON. Code does not travel: a function becomes the name it has, mappers of input are left out.
 */
import type { AnyStateMachine } from 'xstate';

/** Members that only compute: without their code they say nothing. */
const COMPUTED: ReadonlySet<string> = new Set(['input', 'output', 'context', 'delay']);

/** The text of a module. */
export function statelySourceOf(machine: AnyStateMachine): string {
  const config: unknown = machine.config;
  const json = JSON.stringify(config, named, 2);
  return `import { createMachine } from 'xstate';\n\nexport const machine = createMachine(${json});\n`;
}

function named(key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value;
  if (COMPUTED.has(key)) return undefined;
  const type: unknown = Reflect.get(value, 'type');
  return { type: typeof type === 'string' ? type : value.name || 'inline' };
}
