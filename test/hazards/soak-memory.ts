/** How much memory the programs of a long run hold, and the most that any of them ever held. */
import { peakBytesOf, residentBytesOf } from './server-figures.ts';

const BYTES_PER_MB = 2 ** 20;

/** Samples of one program, over all its processes. */
export class MemoryWatch {
  readonly #samples: number[] = [];
  #peakMb = 0;

  /** Notes what the process holds now; one that is gone tells nothing. */
  sample(pid: number): void {
    try {
      this.#samples.push((residentBytesOf(pid) ?? 0) / BYTES_PER_MB);
      this.#peakMb = Math.max(this.#peakMb, (peakBytesOf(pid) ?? 0) / BYTES_PER_MB);
    } catch {
      // It was killed a moment ago.
    }
  }

  /** In MB, as the others here. */
  get nowMb(): number {
    return Math.round(this.#samples.at(-1) ?? 0);
  }

  get peakMb(): number {
    return Math.round(this.#peakMb);
  }

  get medianMb(): number {
    const sorted = this.#samples.toSorted((one, other) => one - other);
    return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
  }
}
