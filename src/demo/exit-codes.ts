/**
 * How the demo's programs end when they do not end well.
 */

/** A fault that may pass: whoever keeps the program starts it again. */
export const EXIT_FAILED = 1;
/** EX_TEMPFAIL of sysexits.h: another process owns the database now; start again as a standby. */
export const EXIT_TAKEN_OVER = 75;
/** EX_CONFIG of sysexits.h: it refused to start, and would again. */
export const EXIT_REFUSED = 78;
