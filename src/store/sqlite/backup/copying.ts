/** Copies a database file of one moment into a new file, in a thread of its own. */
import { startWorker } from '../../worker-url.ts';

/** What the thread is started with. */
export interface CopyOptions {
  readonly from: string;
  /** A file that is not there. */
  readonly to: string;
  /** Milliseconds since 1970; `null`: the file that is copied knows. */
  readonly copiedAtMs: number | null;
}

export type FromCopying =
  | { readonly kind: 'copied'; readonly pages: number; readonly of: number }
  /** It is whole; `flaws`: what SQLite finds wrong with it. */
  | { readonly kind: 'done'; readonly flaws: readonly string[] }
  | { readonly kind: 'failed'; readonly why: string };

/** How far a copy is, in pages of the file. */
export interface CopyProgress {
  readonly pages: number;
  readonly of: number;
}

/** Gives what SQLite finds wrong with the copy. Throws an `Error` that says why there is none. */
export function copyDatabase(
  options: CopyOptions,
  onProgress: (progress: CopyProgress) => void,
): Promise<readonly string[]> {
  const worker = startWorker('copying-worker', import.meta.url, options);
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromCopying) => {
      if (message.kind === 'copied') onProgress(message);
      else if (message.kind === 'done') resolve(message.flaws);
      else reject(new Error(message.why));
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error('the thread that copies ended by itself')));
  });
}
