/**
 * The client of a Backstep server, for Node and browsers: loads nothing of the engine.
 */
export type { RemoteAlerts } from './client/alert-reads.ts';
export type {
  AlertDelivery,
  AlertIncident,
  AlertOverview,
  Bulk,
  BulkItem,
  BulkProgress,
  CallsAnswer,
  CapabilitiesAnswer,
  CommandAnswer,
  DeadLetter,
  Definition,
  DefinitionSummary,
  EventAnswer,
  FeedMessage,
  FeedRestored,
  Health,
  Inbox,
  ListPage,
  Live,
  NotSettled,
  NudgeAnswer,
  ResyncAnswer,
  RetentionAnswer,
  Saga,
  SagaSummary,
  Settled,
  Stats,
  Transition,
  VersionAnswer,
  Why,
} from './client/answers.ts';
export {
  type BackstepClient,
  type ClientOptions,
  createClient,
  type StartOptions,
  type TrialOptions,
} from './client/backstep-client.ts';
export type { BulkCommands, BulkOrder } from './client/bulk-commands.ts';
export { type ClientCode, ClientError, type ClientErrorDetails } from './client/client-error.ts';
export type { FollowOptions } from './client/feed.ts';
export type { List, ListedSagas } from './client/lists.ts';
export type {
  NoLimit,
  OrderCommandOptions,
  RemoteSaga,
  SendEventOptions,
  StartedSaga,
  WaitLimit,
} from './client/remote-saga.ts';
export type { RetryOptions } from './client/requests.ts';
export type { HttpCode } from './server/error-response.ts';
