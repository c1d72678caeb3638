/**
 * A chart as Mermaid text (`stateDiagram-v2`), for documents and reviews.
 *
 * Pure. Names of states and words of transitions come from the chart; nothing of them can end a
 * line or a label.
 */
import type { Chart, ChartState } from '../../explain/chart.ts';

/** The whole diagram. */
export function mermaidOf({ root, transitions }: Chart): string {
  const names = new Map<string, string>();
  const name = (state: ChartState): void => {
    names.set(state.id, `s${names.size}`);
    for (const inner of state.states) name(inner);
  };
  for (const state of root.states) name(state);
  const nameOf = (id: string): string => names.get(id) ?? '[*]';
  const lines = transitions.flatMap(({ from, to, ways }) =>
    ways.map(({ trigger, guard }) => {
      const words = `${trigger.words}${guard === null ? '' : ` [${guard}]`}`.trim();
      const label = words === '' ? '' : ` : ${plain(words)}`;
      return `  ${nameOf(from)} --> ${nameOf(to)}${label}`;
    }),
  );
  return ['stateDiagram-v2', ...statesOf(root, nameOf, '  '), ...new Set(lines), ''].join('\n');
}

function statesOf(
  parent: ChartState,
  nameOf: (id: string) => string,
  indent: string,
): readonly string[] {
  return parent.states.flatMap((state, index) => {
    const label = `${indent}state "${plain(state.name)}" as ${nameOf(state.id)}`;
    const inner = statesOf(state, nameOf, `${indent}  `);
    const separator = parent.type === 'parallel' && index > 0 ? [`${indent}--`] : [];
    const isEntry = state.isInitial || parent.type === 'parallel';
    return [
      ...separator,
      ...(inner.length === 0 ? [label] : [`${label} {`, ...inner, `${indent}}`]),
      ...(isEntry ? [`${indent}[*] --> ${nameOf(state.id)}`] : []),
      ...(state.type === 'final' ? [`${indent}${nameOf(state.id)} --> [*]`] : []),
    ];
  });
}

function plain(text: string): string {
  return text
    .replace(/[^\p{L}\p{N} ._,()[\]>=<&|!?/+-]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
