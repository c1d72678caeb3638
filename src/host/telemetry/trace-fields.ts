/** What a line of the log says of its trace, in the names that OpenTelemetry gives for JSON. */
import { partsOfTraceparent } from '../../core/traceparent.ts';

/** Nothing for what is in no trace. */
export function traceFields(traceparent: string | null): { readonly trace_id?: string } {
  return traceparent === null ? {} : { trace_id: partsOfTraceparent(traceparent).traceId };
}
