/** CSV that a spreadsheet will open: a cell that it would run as a formula is disarmed (OWASP, "CSV injection"). */

/** Begins a text cell that looks like a formula with an apostrophe; numbers stay numbers. */
export const guardCell = (value: unknown): unknown =>
  typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
