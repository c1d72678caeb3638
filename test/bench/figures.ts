/** Figures of several rounds: the middle one counts, and the spread stands beside it. */

/** One thing measured, once per round. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  readonly values: number[];
}

/** A quantile of values; `NaN` of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Gathers figures by name, in the order they first came. */
export class Figures {
  readonly #figures = new Map<string, Figure>();

  note(name: string, value: number, unit = '', digits = 0): void {
    const figure = this.#figures.get(name) ?? { name, unit, digits, values: [] };
    this.#figures.set(name, figure);
    figure.values.push(value);
  }

  all(): readonly Figure[] {
    return [...this.#figures.values()];
  }

  /** Round by round, one figure over another: neighbours in time share what the machine was at. */
  ratio(name: string, over: string): void {
    const [above, below] = [this.#figures.get(name), this.#figures.get(over)];
    if (above === undefined || below === undefined) return;
    for (const [round, value] of above.values.entries()) {
      this.note(`${name} / ${over}`, value / (below.values[round] ?? NaN), '', 2);
    }
  }
}

/** The figures as a table of text. */
export function toTable(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const lines = figures.map(({ name, unit, digits, values }) => {
    const [least = '', middle = '', most = ''] = [0, 0.5, 1].map((q) =>
      quantile(values, q).toFixed(digits),
    );
    const spread = values.length > 1 ? `   (${least} to ${most})` : '';
    return `${name.padEnd(width)}  ${middle.padStart(9)} ${unit.padEnd(6)}${spread}`.trimEnd();
  });
  return lines.join('\n');
}
