/**
 * How the demo's programs end when they do not end well.
 */

/** A fault that may pass: whoever keeps the program starts it again. */
export const EXIT_FAILED = 1;
/** EX_CONFIG of sysexits.h: it refused to start, and would again. */
export const EXIT_REFUSED = 78;
