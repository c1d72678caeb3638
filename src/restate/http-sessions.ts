/** The connections of a server, to be ended when it stops: `close` waits for them without a bound. */
import type { Http2Server, ServerHttp2Session } from 'node:http2';

/** The open connections from now on; the set follows them. */
export function trackSessions(server: Http2Server): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  return sessions;
}
