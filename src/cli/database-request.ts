/** The part of what is asked for that says where the sagas are. */
export interface DatabaseRequest {
  /** A path or a URL. */
  readonly database: string;
  /** Of the engine's tables in PostgreSQL. */
  readonly schema?: string;
}
