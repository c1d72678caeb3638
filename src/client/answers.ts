/**
 * What the server answers, as types: those of the schemas that its OpenAPI document is made of.
 */
import type { z } from 'zod';
import type * as alerts from '../server/api/alert-answers.ts';
import type * as answers from '../server/api/answers.ts';
import type * as host from '../server/api/host/host-answers.ts';
import type { FeedMessage as Message, FeedResync } from '../server/api/feed-answers.ts';
import type { Inbox as InboxAnswer } from '../server/api/inbox-answers.ts';
import type * as standing from '../server/api/standing-answers.ts';

/** A saga, or what is known of one whose stored state cannot be read: that has `unreadable`. */
export type Saga = z.output<typeof answers.Saga>;
/** A line of a list of sagas. */
export type SagaSummary = z.output<typeof answers.SagaSummary>;
/** A line of a saga's journal. */
export type Transition = z.output<typeof answers.Transition>;
/** Why a saga stands where it stands. */
export type Why = z.output<typeof standing.Why>;
/** What came of an event: `isKept` says that it waits until the saga takes it. */
export type EventAnswer = z.output<typeof answers.EventAnswer>;
/** What came of a command. */
export type CommandAnswer = z.output<typeof answers.CommandAnswer>;
/** What was given up on. */
export type DeadLetter = z.output<typeof answers.DeadLetter>;
/** A command for many sagas. */
export type Bulk = z.output<typeof answers.Bulk>;
/** The same, with how many of them took it. */
export type BulkProgress = z.output<typeof answers.BulkProgress>;
/** What came of it for one saga. */
export type BulkItem = z.output<typeof answers.BulkItem>;
/** A version of a saga that can run there. */
export type DefinitionSummary = z.output<typeof answers.DefinitionSummary>;
/** The same with its machine and what verify found. */
export type Definition = z.output<typeof answers.Definition>;
/** A version of which there are sagas, or that can run there. */
export type VersionAnswer = z.output<typeof host.Versions>['items'][number];
/** Figures of the process that answers. */
export type Stats = z.output<typeof answers.Stats>;
/** Rules of alerts, who is told, and how many messages do not arrive. */
export type AlertOverview = z.output<typeof alerts.AlertOverview>;
/** What a rule of alerts found. */
export type AlertIncident = z.output<typeof alerts.AlertIncident>;
/** A message about it to one target. */
export type AlertDelivery = z.output<typeof alerts.AlertDelivery>;
/** What waits in the inbox. */
export type Inbox = z.output<typeof InboxAnswer>;
/** Where the removal of ended sagas stands. */
export type RetentionAnswer = z.output<typeof answers.Retention>;
/** What runs the sagas there, and what it can and cannot promise. */
export type CapabilitiesAnswer = z.output<typeof host.Capabilities>;
/** Calls between machines that do not get on there. */
export type CallsAnswer = z.output<typeof host.Calls>;
/** What came of a nudge. */
export type NudgeAnswer = z.output<typeof host.Nudged>;
/** How far a database is written again. */
export type ResyncAnswer = z.output<typeof host.Resync>;
/** Whether work is taken on there, and if not why. */
export type Health =
  z.output<typeof answers.Health> | { readonly status: 'unavailable'; readonly reason: string };
/** That the process answers, and whether it is the owner. */
export type Live = z.output<typeof answers.Live>;
/** A committed transition. */
export type FeedMessage = z.output<typeof Message>;
/** The database was replaced by an older one: what was seen after the cursor is not in it. */
export type FeedRestored = z.output<typeof FeedResync> & { readonly reason: 'restored' };

/** How a settled saga came out; its output as JSON, secrets hidden. */
export type Settled<Output = unknown> =
  | { readonly status: 'completed'; readonly output: Output }
  | Exclude<z.output<typeof standing.Outcome>, { status: 'completed' }>
  | {
      /** It ended so long ago that only its start key is kept. */
      readonly status: 'removed';
      readonly endedAs: string | null;
    };

/** Where a saga stood when the time was over that was given to wait for it. */
export interface NotSettled {
  readonly status: 'running' | 'waiting' | 'compensating' | 'paused';
}

/** One page of a list. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** For the next one; `null` on the last. */
  readonly nextCursor: string | null;
}
