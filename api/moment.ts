/** A Date, milliseconds since 1970, or RFC 3339 text with its zone, such as `2026-01-31T12:00:00Z`. */
export type Moment = Date | number | string;
