/** Moments that people pick: a datetime-local field speaks local time without a zone. */

/** The value of a datetime-local field. */
export const localValue = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** UTC milliseconds of such a value; NaN while it is not complete. */
export const readLocal = (text) => new Date(text).getTime();

/** Midnight at the beginning of the day `days` after `ms`. */
export function midnight(ms, days = 0) {
  const day = new Date(ms);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() + days);
  return day.getTime();
}
