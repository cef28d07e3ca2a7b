// Legend: the values of one bar in HTML, beside the names; and the newest ones in words for who cannot see the chart.

import { compact, compactMoney, day, money, number, percent, score } from "./formats.js";
import { AVERAGES } from "./chart_drawing.js";
import { ADJECTIVES, findLastComplete, isRunning, nameBarOf, nameLine } from "./chart_periods.js";

const SPANS = { day: "sessions", week: "weeks", month: "months" };
const legend = document.getElementById("chart-legend");
const summary = document.getElementById("chart-summary");

/** Write the values of bar `n` of the data, and of each indicator beside its name in the list. */
export function writeLegend(data, indicators, stock, n) {
  const price = (value) => money(value, stock.currency, stock.decimals);
  legend.replaceChildren(
    makeItem(nameBarOf(data, n), ""),
    makeItem("O", price(data.open[n])),
    makeItem("H", price(data.high[n])),
    makeItem("L", price(data.low[n])),
    makeItem("C", price(data.close[n])),
    makeItem("", percent(100 * (data.close[n] / (n ? data.close[n - 1] : NaN) - 1))),
    ...(n && data.spans[n] ? [makeItem(`over ${data.spans[n]} sessions`, "")] : []),
    makeItem("Vol", compact(data.volume[n] ?? NaN, stock.currency)),
    ...(data.period === "day" ? [makeItem("Traded", compactMoney(turnoverOf(data, stock, n), stock.mainCurrency))] : []),
    ...Object.entries(data.averages).map(([name, values], each) =>
      makeItem(nameLine(data, name), number(values[n] ?? NaN, stock.decimals), AVERAGES[each]),
    ),
    makeItem("Score", isAwaited(data, n) ? `at the ${data.period}’s end` : score(data.score[n] ?? NaN)),
    makeItem("", nameVerdict(data, n)),
    ...data.events
      .filter((event) => event.session === data.session[n])
      .map((event) => makeItem(...nameEvent(event, data, stock))),
  );
  for (const indicator of indicators) {
    const single = indicator.lines.length === 1;
    indicator.box.replaceChildren(
      ...(indicator.is_of_days ? [] : [makeItem(ADJECTIVES[data.period], "")]),
      ...indicator.lines.map((line) => makeItem(single ? "" : line.label, line.write(line.values[n] ?? NaN), line.ink)),
    );
  }
}

/** Tell of no bar. */
export function clearLegend() {
  legend.replaceChildren();
  summary.textContent = "";
}

/** About how much money was traded in session `n`; NaN where the volume is not known. */
function turnoverOf(data, stock, n) {
  if (data.volume[n] === null) return NaN;
  return stock.kind === "crypto" ? data.volume[n] : (data.volume[n] * data.close[n]) / stock.unit;
}

/** What the chart shows, and its newest values, as one text. */
export function writeSummary(data, indicators, stock, shown) {
  const last = data.session.length - 1;
  const rated = findLastComplete(data);
  const values = indicators.flatMap((indicator) =>
    indicator.lines.map((line) => {
      const name = indicator.lines.length === 1 ? indicator.label : `${indicator.label} ${line.label}`;
      return `${name} ${line.write(line.values[last] ?? NaN)}`;
    }),
  );
  const averages = Object.entries(data.averages).map(
    ([name, of]) => `${nameLine(data, name)} ${number(of[last] ?? NaN, stock.decimals)}`,
  );
  const state = [`score ${score(data.score[rated] ?? NaN)}`, nameVerdict(data, rated)].filter(Boolean);
  const close = money(data.close[last], stock.currency, stock.decimals);
  const sentences = [`Shown are the ${SPANS[data.period]} from ${day(shown.from)} to ${day(shown.to)}.`];
  if (data.is_running) {
    sentences.push(`${nameBarOf(data, last)}: ${[close, ...averages, ...values].join(", ")}.`);
    if (rated >= 0) sentences.push(`${nameBarOf(data, rated)}: ${state.join(", ")}.`);
  } else {
    sentences.push(`At the close of ${day(data.session[last])}: ${[close, ...averages, ...state, ...values].join(", ")}.`);
  }
  if (data.events.length) sentences.push(`Dividends and splits marked: ${data.events.length}.`);
  summary.textContent = sentences.join(" ");
}

/** Whether bar `n` gets its score at the end of its week or month. */
function isAwaited(data, n) {
  return isRunning(data, n) && !data.is_late && !data.no_verdict_reason;
}

function nameEvent({ dividend, split }, data, stock) {
  return split ? ["Split", split] : ["Dividend", money(dividend, stock.currency, data.dividend_decimals)];
}

function nameVerdict(data, n) {
  return (data.verdict[n] ?? null) === null ? "" : data.verdicts[data.verdict[n]];
}

function makeItem(name, value, ink = "") {
  const span = document.createElement("span");
  if (ink) {
    const swatch = document.createElement("span");
    swatch.className = `swatch ${ink}`;
    span.append(swatch);
  }
  const strong = document.createElement("b");
  strong.textContent = value;
  span.append(name ? `${name} ` : "", strong);
  return span;
}
