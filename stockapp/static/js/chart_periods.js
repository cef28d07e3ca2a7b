// Periods: how a chart of days, weeks or months names its bars.

import { day } from "./formats.js";

export const PERIODS = ["day", "week", "month"];
export const ADJECTIVES = { week: "weekly", month: "monthly" };
const NAME_OF_MONTH = new Intl.DateTimeFormat("en", { month: "short", year: "numeric", timeZone: "UTC" });

/** Whether bar `n` is of a week or month that has sessions to come. */
export function isRunning(data, n) {
  return data.is_running && n === data.session.length - 1;
}

/** The row of the last bar whose day, week or month is complete; -1 if none is. */
export function findLastComplete(data) {
  return data.session.length - (data.is_running ? 2 : 1);
}

/** The name of a bar by its last session: “20 Nov 2026”, “Week to 20 Nov 2026”, “Nov 2026”. */
export function nameBar(period, session) {
  if (period === "month") return NAME_OF_MONTH.format(new Date(`${session}T00:00:00Z`));
  return period === "week" ? `Week to ${day(session)}` : day(session);
}

/** The name of bar `n`, which says whether its week or month is still to end. */
export function nameBarOf(data, n) {
  const session = data.session[n];
  if (!isRunning(data, n)) return nameBar(data.period, session);
  const name = data.period === "week" ? "Week" : "Month";
  return data.is_late ? `${name} to ${day(session)}, incomplete` : `${name} so far, to ${day(session)}`;
}

/** The name of an average or an indicator, with the bars that it counts where these are not days. */
export function nameLine(data, name) {
  return data.period === "day" ? name : `${name} ${data.period}s`;
}

/** What a chart of weeks or months shows, in words; empty for days. */
export function describeBars(data) {
  const { period } = data;
  if (period === "day") return "";
  const sentences = [`Each candle is a ${period}; averages, indicators and the score are computed from ${period}s, indicators of calendar months from days.`];
  if (data.is_late) {
    sentences.push(`The last ${period} has no price of its last trading day; the next price completes it.`);
  } else if (data.is_running) {
    const rated = data.no_verdict_reason ? "" : ", which is rated once it is complete";
    sentences.push(`The faint last candle is the ${period} so far${rated}.`);
  }
  if (data.no_verdict_reason) sentences.push(`No ${ADJECTIVES[period]} verdict. ${data.no_verdict_reason}`);
  return sentences.join(" ");
}
