/** Numbers, dates and units as they are written everywhere. Unknown is never formatted here: callers show `–` with a reason. */

const MINUS = "\u2212";
const CRORE = 1e7;
const LAKH = 1e5;

/** Digits in Indian groups: 1642118 → "16,42,118". The sign is a true minus. */
export function grouped(value: number, digits = 0): string {
  const fixed = Math.abs(value).toFixed(digits);
  const [whole = "0", fraction] = fixed.split(".");
  const negative = value < 0 && Number(fixed) !== 0;
  const head = whole.slice(0, -3).replace(/\B(?=(\d{2})+$)/g, ",");
  const groups = whole.length > 3 ? `${head},${whole.slice(-3)}` : whole;
  return `${negative ? MINUS : ""}${groups}${fraction ? `.${fraction}` : ""}`;
}

/** A number that a person chose, 5, 0.05 or 0.00025: as few digits as tell it, to the sixth that is not a leading zero. */
export function exact(value: number): string {
  if (Number.isInteger(value)) return grouped(value);
  const digits = Number(value.toPrecision(6)).toFixed(12).replace(/0+$/, "").split(".")[1] ?? "";
  return grouped(value, digits.length);
}

export const count = (value: number): string => grouped(value, 0);

/** "1 order", "16,42,118 orders". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** ₹707.29; paise are left out from one lakh up, as in summaries, unless `paise` says otherwise. */
export function rupees(value: number, paise: boolean = Math.abs(value) < LAKH): string {
  const text = grouped(value, paise ? 2 : 0);
  return text.startsWith(MINUS) ? `${MINUS}₹${text.slice(1)}` : `₹${text}`;
}

export function signedRupees(value: number, digits = 0): string {
  const text = grouped(Math.abs(value), digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return `₹${text}`;
  return `${value > 0 ? "+" : MINUS}₹${text}`;
}

export function signed(value: number, digits = 2): string {
  const text = grouped(Math.abs(value), digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return text;
  return `${value > 0 ? "+" : MINUS}${text}`;
}

/** Two or three significant digits and the unit: ₹18.4 L, ₹11,284 cr, for axes and tables. */
export function compactRupees(value: number): string {
  const sign = value < 0 ? MINUS : "";
  const size = Math.abs(value);
  if (size >= CRORE) return `${sign}₹${threeDigits(size / CRORE)} cr`;
  if (size >= LAKH) return `${sign}₹${threeDigits(size / LAKH)} L`;
  return rupees(value, false);
}

/** The same for counts of shares on an axis: "7.5 L", "1.20 cr". */
export function compactCount(value: number): string {
  if (value >= CRORE) return `${threeDigits(value / CRORE)} cr`;
  if (value >= LAKH) return `${threeDigits(value / LAKH)} L`;
  return count(value);
}

/** On an axis, where ticks are round: "₹18 L", "₹2.5 cr". */
export const axisRupees = (value: number): string => roundTick(compactRupees(value));

/** The same for counts: "5 L", "1.5 cr". */
export const axisCount = (value: number): string => roundTick(compactCount(value));

const roundTick = (text: string): string => text.replace(/\.0+(?= )|(\.\d*[1-9])0+(?= )/, "$1");

/** For sentences: "₹10 lakh", "₹2.50 crore". */
export function rupeesInWords(value: number): string {
  if (value >= CRORE) return `₹${trimmed(value / CRORE)} crore`;
  if (value >= LAKH) return `₹${trimmed(value / LAKH)} lakh`;
  return rupees(value, false);
}

/** A fraction as percent: 0.126 → "12.6%". */
export const percent = (fraction: number, digits = 1): string => `${grouped(fraction * 100, digits)}%`;

/** A number that is in percent already, with its sign: 1.24 → "+1.24%". */
export const signedPercent = (value: number, digits = 2): string => `${signed(value, digits)}%`;

export const ratio = (value: number, digits = 2): string => grouped(value, digits);

export const multiple = (value: number, digits = 2): string => `${grouped(value, digits)}×`;

/** A probability never rounds to certainty. */
export function probability(value: number): string {
  if (value > 0.99 && value < 1) return "> 0.99";
  if (value < 0.01 && value > 0) return "< 0.01";
  return value.toFixed(2);
}

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** An exchange date or the date part of an instant, without any time zone arithmetic: "20 Nov 2026". */
export function date(iso: string, weekday = false): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso);
  if (!match) return iso;
  const [, year, month, day] = match;
  const text = `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
  if (!weekday) return text;
  return `${DAYS[new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDay()]} ${text}`;
}

/** A session as a date, a bar of the day with its time on the exchange's clock. */
export function barTime(iso: string, weekday = false): string {
  const time = /T(\d{2}:\d{2})/.exec(iso)?.[1];
  return time ? `${date(iso, weekday)}, ${time}` : date(iso, weekday);
}

/** A range of dates with an en dash. */
export const dateRange = (start: string, end: string): string => `${date(start)} – ${date(end)}`;

const IST_TIME = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Kolkata",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const IST_DATE = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Kolkata",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

/** The clock in India, 24 h: "14:02:31". */
export const istTime = (instant: Date): string => IST_TIME.format(instant);

/** The exchange date of an instant, ISO. */
export const istDate = (instant: Date): string => IST_DATE.format(instant);

export function instant(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : `${date(istDate(at))}, ${istTime(at)}`;
}

export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 ** 2) return `${(size / 1024).toFixed(0)} KB`;
  if (size < 1024 ** 3) return `${(size / 1024 ** 2).toFixed(1)} MB`;
  return `${(size / 1024 ** 3).toFixed(2)} GB`;
}

/** The first eight characters of a hash, as in stamps. */
export const shortHash = (hash: string): string => hash.slice(0, 8);

function threeDigits(value: number): string {
  if (value >= 100) return grouped(value, 0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function trimmed(value: number): string {
  return grouped(value, 2).replace(/\.?0+$/, "");
}

/** How many trials the spread is of, and how many of unknown records are left out. */
export function likeIt(
  compared: number,
  left: { trials: number; trials_unknown?: number } | undefined,
): string {
  const of = left ? ` of ${count(left.trials)}` : "";
  return `${count(compared)}${of}${left?.trials_unknown ? `, ${count(left.trials_unknown)} unknown` : ""}`;
}
