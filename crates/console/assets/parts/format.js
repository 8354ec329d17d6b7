// Formats numbers, dates and names for users.

const locale = navigator.language || "en";
const whole = new Intl.NumberFormat(locale);
const dateOnly = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
// A day without a time is the same day everywhere.
const calendarDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

/** A count. @param {number | null | undefined} value */
export const count = (value) => (value === null || value === undefined ? "–" : whole.format(value));

/** A probability in percent, with the significant digits.
 * @param {number | null | undefined} pd */
export function percent(pd) {
  if (pd === null || pd === undefined) return "–";
  if (pd === 0 || pd === 1) return `${pd * 100}\u00a0%`;
  const value = pd * 100;
  const digits = value < 0.1 ? 3 : value < 10 ? 2 : 1;
  return `${fixed(value, digits)}\u00a0%`;
}

/** A number as the user's locale writes it, with a real minus sign, which is as wide as a plus. @param {number} value @param {Intl.NumberFormatOptions} digits */
const written = (value, digits) => value.toLocaleString(locale, digits).replace("-", "−");

/** A number with this many decimals. @param {number | null | undefined} value @param {number} [digits] */
export const fixed = (value, digits = 3) => (value === null || value === undefined ? "–" : written(value, { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/** A number with at most this many decimals. @param {number} value @param {number} [digits] */
export const decimal = (value, digits = 4) => written(value, { maximumFractionDigits: digits });

/** A p-value; below 0.001 its exact value is not informative. @param {number | null | undefined} p */
export const pValue = (p) => (typeof p === "number" && p < 0.001 ? `< ${fixed(0.001)}` : fixed(p));

/** A share of a whole. @param {number} part @param {number} all */
export const share = (part, all) => (all ? `${Math.round((part / all) * 100)}\u00a0%` : "–");

/** A ratio, as a multiple or in percent. @param {number | null | undefined} value @param {boolean} [isShare] */
export function ratio(value, isShare = false) {
  if (value === null || value === undefined) return "missing";
  if (isShare) return `${decimal(value * 100, 2)}\u00a0%`;
  return `${decimal(value, Math.abs(value) < 10 ? 3 : 1)}×`;
}

/** @param {number} value @param {number} [digits] */
export const signed = (value, digits = 2) => `${isZero(value, digits) ? "±" : value > 0 ? "+" : "−"}${fixed(Math.abs(value), digits)}`;
/** Whether a number is zero at this many decimals. @param {number} value @param {number} [digits] */
export const isZero = (value, digits = 2) => Math.abs(value) < 0.5 * 10 ** -digits;

/** A day, or the day of a time. @param {string | null | undefined} text */
export const date = (text) => (text ? (/^\d{4}-\d\d-\d\d$/.test(text) ? calendarDay : dateOnly).format(new Date(text)) : "–");
/** @param {string | null | undefined} text */
export const time = (text) => (text ? dateTime.format(new Date(text)) : "–");

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** A time with its seconds, for logs. @param {string | null | undefined} text */
export const timeExact = (text) => (text ? exactTime.format(new Date(text)) : "–");

/** The time since then, in words. @param {string | null | undefined} text */
export function ago(text) {
  if (!text) return "–";
  const seconds = (new Date(text).getTime() - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

/** @param {number | null | undefined} bytes */
export function bytes(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString(locale, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}

/** @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** A period, such as `2024` or `2024 Q3`.
 * @param {{ reporting_year?: string | null, reporting_quarter?: string | null }} row */
export const period = (row) => [row.reporting_year, row.reporting_quarter].filter(Boolean).join(" ");

/** `debt_to_equity` as words. @param {string | null | undefined} name */
export function words(name) {
  const text = String(name ?? "").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @type {Record<string, string>} */
export const ROLES = {
  user: "User", org_member: "Member", org_admin: "Organization admin",
  tenant_admin: "Tenant admin", super_admin: "Super admin",
};

/** @type {Record<string, string>} */
export const LEVELS = { personal: "Only me", organization: "My organization", system: "Everyone" };

/** The name of a user. @param {{ first_name?: string | null, last_name?: string | null, email: string }} user */
export const nameOf = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ") || user.email;
