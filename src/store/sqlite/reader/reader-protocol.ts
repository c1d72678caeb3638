/**
 * What a reader and its thread say to each other: one query, one answer.
 */

/** What the reader's thread is started with. */
export interface ReaderOptions {
  readonly realPath: string;
}

export interface ReadQuery {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export type ReadAnswer =
  /** Before the first query: the thread has started. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }
  /** The query is wrong, tries to write, or gives too much. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The file cannot be read: damaged, or its disk is. */
  | { readonly kind: 'unreadable'; readonly message: string };
