/**
 * Every fault that the guarantees are tried with, and the test that tries it: a file below test/
 * and words of a title in it. A fault without a test has none here and stands in FAULTS.md.
 *
 * Longer than 300 lines because it is one table.
 */

/** Where a fault is tried; `null`: nowhere yet. */
export type Trial = readonly [file: string, title: string] | null;

export const FAULTS: Readonly<Record<string, Trial>> = {
  // Steps
  'time-out though the remote succeeded': [
    'e2e/payment-in-doubt.long.test.ts',
    'that hangs twice goes on with the third attempt and is charged once',
  ],
  'late result after its time-out': ['core/turn/turn-control.test.ts', 'a late result is a note'],
  'late result after compensation began': [
    'runtime/outside/attempts.test.ts',
    'moves nothing, and the',
  ],
  'late result after the end': [
    'runtime/outside/attempts.test.ts',
    'is a note as well when the saga has',
  ],
  'compensation that fails for ever': [
    'runtime/engine.test.ts',
    'that cannot be compensated waits in a dead letter until a person retries',
  ],
  'crash between effect and record': [
    'runtime/actor/restart.test.ts',
    'an attempt in flight starts again with the same key, counted',
  ],
  'crash between two compensations': [
    'e2e/crash.test.ts',
    'is started again by the launcher, and every accepted order reaches its end',
  ],
  'activity that hangs and ignores its signal': [
    'runtime/engine.test.ts',
    'gives up a hanging step after its time-outs',
  ],
  'activity that throws undefined, a string or a cycle': [
    'hazards/hostile-activities.test.ts',
    'is a failed step with a reason in words',
  ],
  'activity that throws synchronously': [
    'hazards/hostile-activities.test.ts',
    'is a failed step with a reason in words',
  ],
  'activity that settles twice': [
    'hazards/hostile-activities.test.ts',
    'an activity that settles twice is heard once',
  ],
  'unhandled rejection in user code': [
    'hazards/hostile-activities.test.ts',
    'a rejection that nobody handles is logged, and the server goes on',
  ],
  // Sagas
  'poison event': ['runtime/hand-written.test.ts', 'is unharmed by an event that makes it throw'],
  'guard or assign that throws': [
    'runtime/actor/parking.test.ts',
    'a turn that keeps throwing is tried',
  ],
  'unknown event': ['runtime/hand-written.test.ts', 'refuses what it does not accept'],
  'huge result': ['hazards/hostile-activities.test.ts', 'a result of many megabytes'],
  'context that does not survive JSON': [
    'core/define/context.test.ts',
    'is refused at the start as well',
  ],
  'snapshot of an unknown version': [
    'runtime/actor/adversity.test.ts',
    'a saga whose version is gone is parked',
  ],
  'unknown state in the snapshot': [
    'core/machine/macrostep/scope.test.ts',
    'of a state the machine does not have is refused',
  ],
  'garbage instead of a snapshot': [
    'hazards/hostile-activities.test.ts',
    'parks that saga and lets the others go on',
  ],
  'stored state of another form': [
    'runtime/upkeep/stored-formats.test.ts',
    'a state of a later form is parked as it is',
  ],
  'damaged journal line of a long result': [
    'runtime/actor/results-in-journal.test.ts',
    'with a damaged line it is parked, loses nothing',
  ],
  'part of a stored state missing': [
    'runtime/upkeep/stored-formats.test.ts',
    'is parked with the part that is missing',
  ],
  'database of a released version with sagas in flight': [
    'runtime/upkeep/released.test.ts',
    'its sagas in flight all come to their ends',
  ],
  // Time
  'clock set back an hour': ['hazards/clock-jumps.test.ts', 'waits longer when the clock is set'],
  'clock set forward a day': ['hazards/clock-jumps.test.ts', 'a clock set forward a day wakes'],
  'sixty-day timer': ['runtime/actor/restart.test.ts', 'a sixty-day timer fires on its day'],
  'restart past the due time': ['runtime/actor/restart.test.ts', 'a deadline that passed while'],
  'clock 400 days ahead for a minute, under retention': [
    'runtime/upkeep/retention-clock.test.ts',
    'for a minute removes nothing, then or later',
  ],
  'laptop sleep': ['hazards/clock-jumps.test.ts', 'after a sleep of the machine past its due time'],
  // Storage
  'disk full at a write': ['hazards/fail-nth.long.test.ts', 'with %s under orders'],
  'disk full at a checkpoint': ['hazards/fail-nth.long.test.ts', 'with %s under orders'],
  'disk full until there is room': [
    'hazards/failing-disk.test.ts',
    'with ENOSPC until there is room',
  ],
  'quota spent': [
    'hazards/fail-nth.long.test.ts',
    'with EDQUOT until there is room is a full disk',
  ],
  'I/O error, quota or full disk while it is opened': [
    'hazards/fail-nth.long.test.ts',
    'as long as it is opened is no refusal',
  ],
  'disk full for real': ['hazards/damaged-files.long.test.ts', 'that is full stalls the server'],
  'I/O error at a write': ['hazards/fail-nth.long.test.ts', 'with EIO from the start to the end'],
  'I/O error at the sync of COMMIT': ['hazards/fail-nth.long.test.ts', 'with %s under orders'],
  'power cut': ['hazards/power-cut.long.test.ts', 'cuts lose nothing that a client or the feed'],
  'slow sync': ['hazards/failing-disk.test.ts', 'but only takes long, as a sync of two seconds'],
  'SQLITE_BUSY from outside': [
    'store/sqlite/storage-hazards.test.ts',
    'stalls the batch until it is',
  ],
  'truncated or overwritten database': [
    'hazards/damaged-files.long.test.ts',
    'that was cut off or written over',
  ],
  'flipped payload bit': ['hazards/damaged-files.long.test.ts', 'with a flipped bit in the state'],
  'missing log file': ['hazards/damaged-files.long.test.ts', 'without its log'],
  'not our file': ['e2e/life-cycle.test.ts', 'because the database is a folder or another program'],
  'future schema version': ['hazards/damaged-files.long.test.ts', 'of a later version is refused'],
  'read-only directory': ['hazards/damaged-files.long.test.ts', 'that cannot be written is named'],
  'two processes on one file': [
    'store/sqlite/processes.test.ts',
    'is refused, by its path and by a link',
  ],
  'one file under two names': [
    'store/sqlite/second-names.test.ts',
    'that is a hard link is refused by both',
  ],
  'database mounted as a single file': [
    'store/sqlite/second-names.test.ts',
    'that is a mount of the single file is refused',
  ],
  'database renamed while open': [
    'store/sqlite/second-names.test.ts',
    'that it was given while a process has it open is refused',
  ],
  'log that lies elsewhere': [
    'store/sqlite/second-names.test.ts',
    'that lies elsewhere (%s) is refused',
  ],
  'two copies of the package in one process': [
    'store/sqlite/second-names.test.ts',
    'with an SQLite each never own one file at once',
  ],
  'owner stopped with SIGSTOP': [
    'hazards/damaged-files.long.test.ts',
    'keeps its database, by every name of it',
  ],
  'database replaced while running': [
    'hazards/damaged-files.long.test.ts',
    'that is replaced under a',
  ],
  'start repeated after its saga was removed': [
    'runtime/upkeep/retention.test.ts',
    'a start repeated after that is told how its saga ended',
  ],
  'log on a full disk': [
    'hazards/unwritable-log.test.ts',
    'a log on a disk that is full stops nothing',
  ],
  'log that nobody reads': [
    'hazards/unwritable-log.test.ts',
    'that nobody reads any more stop nothing',
  ],
  'edited row': ['server/edited-rows.test.ts', 'every page and list still answers'],
  'control characters in a row that the doctor shows': [
    'runtime/upkeep/doctor-text.test.ts',
    'control characters of an edited row are spelt out',
  ],
  'start while nothing is accepted': [
    'runtime/engine.test.ts',
    'is refused by its promise, never by a throw',
  ],
  'subscriber that hangs for many sagas': [
    'runtime/outside/hanging-subscribers.test.ts',
    'does not keep a parent from its child',
  ],
  'older file restored under a client of the feed': [
    'server/live/feed-epochs.test.ts',
    'is answered with resync where the two histories part',
  ],
  // Load
  'event flood to one saga': ['hazards/floods.test.ts', 'a flood of events to one saga is refused'],
  'start flood': ['hazards/floods.long.test.ts', 'a flood of starts is refused past its bound'],
  '100,000 sagas waiting': [
    'hazards/many-waiting.test.ts',
    'the engine is ready at once, starts sagas, and wakes the one that is due',
  ],
  'oversized batch': [
    'store/conformance/commit.test.ts',
    'does not wait for the rest when it fills an early',
  ],
  // PostgreSQL
  'connection cut at every message of a batch': [
    'store/postgres/lost-connections.ts',
    'leaves nothing unknown, wherever it was %s',
  ],
  'connections cut under load': [
    'store/postgres/unknown-commits.test.ts',
    'is lost again and again under load, and every turn is written once',
  ],
  'server that stops answering': [
    'store/postgres/unknown-commits.test.ts',
    'counts as lost when the server is silent for too long',
  ],
  'server that is stopped, crashes and is killed': [
    'store/postgres/unknown-commits.test.ts',
    'is lost with the server, which comes back',
  ],
  'owner that is killed': [
    'store/postgres/ownership.test.ts',
    'is taken over from a killed owner, with all that it had acknowledged',
  ],
  'owner that stands still and goes on': [
    'store/postgres/silent-owners.long.test.ts',
    'which writes nothing once it goes on',
  ],
  'owner cut off from its database': [
    'store/postgres/silent-owners.long.test.ts',
    'that nobody can reach, which fails once it is reached again',
  ],
  'database that went back to a copy': [
    'store/postgres/history.test.ts',
    'stops when the server comes back with an earlier copy of its data',
  ],
  'owners and servers that fail in any order': [
    'store/postgres/torture.long.test.ts',
    'lose nothing that was acknowledged, whatever befalls them',
  ],
  'processes asked through any of them, while owners, standbys and the server fail': [
    'postgres/standby-processes.long.test.ts',
    'lose and double nothing that any of them was asked, whatever befalls them',
  ],
  'feed of a standby that outlives its owner': [
    'server/live/feed-over-owners.test.ts',
    'names each line by the epoch that it belongs to',
  ],
  'feed of a standby that cannot begin': [
    'runtime/standby/interrupted.test.ts',
    'that cannot begin to follow the owner tries again',
  ],
  'connection lost between an answer and its removal': [
    'runtime/standby/interrupted.test.ts',
    'an answer whose removal failed is removed later',
  ],
  'row that another transaction holds': [
    'store/postgres/foreign-locks.test.ts',
    'delays the turns that want it, and no others',
  ],
  'clock that is far from that of the database': [
    'store/postgres/ownership.test.ts',
    'is not taken by a machine whose clock is far off',
  ],
  'role with weak or wrong defaults': [
    'store/postgres/ownership.test.ts',
    'is written as it must be, whatever the role has for defaults',
  ],
  // HTTP
  'malformed, deep, duplicate-key, wrong-type and oversized JSON': [
    'server/body.test.ts',
    'is refused with 400 when it %s',
  ],
  'prototype keys': ['server/body.test.ts', 'reaches for the prototype'],
  'slow and never-ending requests': ['hazards/slow-requests.test.ts', 'that %s are cut off'],
  'oversized headers, path tricks, broken framing': [
    'hazards/http-fuzz.test.ts',
    'wrong requests get no 5xx',
  ],
  'SQL and script in every text field, in every view': [
    'hazards/attacks.long.test.ts',
    'are shown as text in every view',
  ],
  'cross-site post': ['server/security.test.ts', 'is required by upgrades and by unsafe methods'],
  'WebSocket from another origin': [
    'hazards/attacks.long.test.ts',
    'from another place are refused',
  ],
  'foreign Host header': ['hazards/attacks.long.test.ts', 'from another place are refused'],
  'secrets in payloads and errors': [
    'server/api/redact.test.ts',
    'hides what stands under a secret',
  ],
  'secrets in every field, by every way out': [
    'demo/canary.test.ts',
    'secrets none is seen in an answer of any route',
  ],
  'secrets at every socket': ['demo/canary.test.ts', 'nor by any socket: of pages, of the feed'],
  'secrets in the log and in exports': ['demo/canary.test.ts', 'nor in the log, nor in an export'],
  'secrets in JSON, addresses and cut texts': [
    'server/api/redact.test.ts',
    'hides every word of it, in whatever form',
  ],
  'settings that say nothing known': [
    'core/settings.test.ts',
    'one that is no good is refused with what to give',
  ],
  'a program that is started with such a setting': [
    'e2e/settings.test.ts',
    'refuses to start, in one line and for good',
  ],
  'cookie that is used after the logout': [
    'server/access/login.test.ts',
    'is let in by no cookie that was logged out of, after a restart neither',
  ],
  'wrong guesses that shut the right token out': [
    'server/access/login.test.ts',
    'for that client and for a while, the right one not',
  ],
  'client that says it is another': [
    'server/access/client-address.test.ts',
    'is who its connection says, whatever its headers say',
  ],
  'connections that ask and never read': [
    'hazards/never-reading.test.ts',
    'requests that are never read are cut off, and others are served',
  ],
  'WebSocket flood of pings, pongs and fragments': [
    'hazards/never-reading.test.ts',
    'without end is cut off, and takes bounded memory',
  ],
  'database or token that others may read': [
    'runtime/file-modes.test.ts',
    'is told of once, with its mode and the cure, and left as it is',
  ],
  'package that is fetched without a hash': [
    'package/lock-file.test.ts',
    'names a hash for every package that is fetched',
  ],
  'redirect of a payment': [
    'actors/payment/payment-answers.test.ts',
    'is never followed, and ambiguous',
  ],
  'endless answer of a participant': [
    'actors/payment/payment-answers.test.ts',
    'reads no more of an answer than its bound',
  ],
  'answer of a participant that lacks a member': [
    'actors/payment/payment-answers.test.ts',
    'an answer that is not as documented is ambiguous',
  ],
  'refusal by a machine between us and a participant': [
    'actors/payment/payment-answers.test.ts',
    'that is not the provider’s own',
  ],
  'page that charges by itself at the payment provider': [
    'actors/payment/payment-provider-guard.test.ts',
    'answers no page, and under no other name',
  ],
  'payment provider told to misbehave in read-only mode': [
    'actors/payment/payment-provider-guard.test.ts',
    'cannot be told to misbehave with',
  ],
  'secrets of the server in the environment of another program': [
    'demo/launcher.test.ts',
    'keeps from the provider what the server keeps secret',
  ],
  'texts that make the search for secrets slow': [
    'server/api/redact.test.ts',
    'takes no longer for hostile %s than for others',
  ],
  // Alerts
  'death between a dead letter and the answer of its webhook': [
    'host/alerts/killed-alerts.test.ts',
    'arrives though the process dies between its dead letter and',
  ],
  'webhook that refuses, hangs or leads elsewhere': [
    'host/alerts/webhook.test.ts',
    'that leads elsewhere is not followed',
  ],
  // WebSocket
  'a thousand clients that never read': [
    'hazards/live-clients.long.test.ts',
    'clients that never read',
  ],
  'flood, oversized frames, bad UTF-8': [
    'server/listening-server.test.ts',
    'closes a client that sends a frame that is too large, or too many, or bad UTF-8',
  ],
  'reconnect storms': ['hazards/live-clients.long.test.ts', 'storms of clients that come and go'],
  // Life cycle
  'SIGTERM at any point': ['e2e/life-cycle.test.ts', 'drains with exit code 0, loses nothing'],
  'SIGTERM under load': ['hazards/floods.long.test.ts', 'SIGTERM under the load of many clients'],
  'SIGKILL at any point': ['e2e/torture.long.test.ts', 'kills under load lose no accepted order'],
  'port in use': ['e2e/life-cycle.test.ts', 'because the port is taken says so'],
  'upgrade with sagas in flight': [
    'runtime/upkeep/versions.test.ts',
    'new starts use the newest, sagas in flight keep theirs',
  ],
  'backup while writing': [
    'hazards/damaged-files.long.test.ts',
    'can be backed up while orders run',
  ],
  'a client that is newer than a restored backup': [
    'host/upkeep/backup.test.ts',
    'what a client knows and the restored database does not is told',
  ],
  'a log beside the database that took its place': [
    'host/upkeep/backup.test.ts',
    'the log that a killed owner left never comes to a database',
  ],
  'SIGKILL while sagas are moved': [
    'host/moves/killed-moves.long.test.ts',
    'never do both databases run a saga',
  ],
  'a way back of moved sagas that is cut off': [
    'host/moves/one-database.test.ts',
    'a way back that was cut off goes on, and its file is imported nowhere meanwhile',
  ],
  'a stop while a start recovers': [
    'runtime/clean-stops.test.ts',
    'an engine that is stopped while it recovers takes nothing on afterwards',
  ],
};
