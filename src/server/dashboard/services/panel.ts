/**
 * What a participant shows of itself on the page of services.
 *
 * Content is plain data, so that a participant can give it without knowing this layer; it is
 * rendered, and escaped, here.
 */
import type { Page as ListPage } from '../../../store/read-models.ts';

/** A value of a table: text as it is, or a value with a look of its own. */
export type Cell =
  | string
  | number
  | { readonly kind: 'state'; readonly state: string }
  /** ISO 8601, or `null` when it has not happened. */
  | { readonly kind: 'time'; readonly at: string | null }
  /** Decimal text; the currency is ISO 4217, or not known. */
  | { readonly kind: 'money'; readonly amount: string; readonly currency: string | null }
  | { readonly kind: 'saga'; readonly id: string; readonly text: string };

/** A number with its name, such as money in all; or a statement that holds or not. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  /** For a statement; `value` then says the same in a word. */
  readonly holds?: boolean;
}

export interface PanelContent {
  readonly figures?: readonly Figure[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Said when there are no rows: what would make some. */
  readonly empty: string;
  /** The rest of the list; `null`: there is none. */
  readonly nextCursor: string | null;
}

/** One table of one service. */
export interface Panel {
  /** Letters and hyphens; unique on the page. */
  readonly id: string;
  readonly title: string;
  read(page: ListPage): Promise<PanelContent>;
}
