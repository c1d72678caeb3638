/** What a machine leaves behind in a snapshot, as JSON keeps it. */
import type { AnyMachineSnapshot } from 'xstate';
import { keepContext, keepJson } from '../../json.ts';
import { machineValue } from '../machine-values.ts';

/**
 * The snapshot with a context and an output that read the same after a restart; the same object
 * where nothing had to be left out. Throws `not-json`, naming the saga and the path.
 *
 * @param before whose context was looked at before
 */
export function plainSnapshot(
  sagaId: string,
  before: AnyMachineSnapshot | null,
  snapshot: AnyMachineSnapshot,
): AnyMachineSnapshot {
  const { context, output } = snapshot as Readonly<Record<'context' | 'output', unknown>>;
  const keptContext =
    context === before?.context
      ? context
      : keepContext(context, `saga "${sagaId}": context`, machineValue);
  const keptOutput = keepJson(output, `saga "${sagaId}": output`, machineValue);
  if (keptContext === context && keptOutput === output) return snapshot;
  return { ...snapshot, context: keptContext, output: keptOutput } as AnyMachineSnapshot;
}
