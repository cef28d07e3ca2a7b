// Legend: the values of one session in HTML, beside the names; and the newest ones in words for who cannot see the chart.

import { compact, compactMoney, day, money, number, percent, score } from "./formats.js";
import { AVERAGES } from "./chart_drawing.js";

const legend = document.getElementById("chart-legend");
const summary = document.getElementById("chart-summary");

/** Write the values of session `n` of the data, and of each indicator beside its name in the list. */
export function writeLegend(data, indicators, stock, n) {
  const price = (value) => money(value, stock.currency, stock.decimals);
  legend.replaceChildren(
    makeItem(day(data.session[n]), ""),
    makeItem("O", price(data.open[n])),
    makeItem("H", price(data.high[n])),
    makeItem("L", price(data.low[n])),
    makeItem("C", price(data.close[n])),
    makeItem("", percent(100 * (data.close[n] / (n ? data.close[n - 1] : NaN) - 1))),
    ...(n && data.spans[n] ? [makeItem(`over ${data.spans[n]} sessions`, "")] : []),
    makeItem("Vol", compact(data.volume[n] ?? NaN, stock.currency)),
    makeItem("Traded", compactMoney(turnoverOf(data, stock, n), stock.mainCurrency)),
    ...Object.entries(data.averages).map(([name, values], each) =>
      makeItem(name, number(values[n] ?? NaN, stock.decimals), AVERAGES[each]),
    ),
    makeItem("Score", score(data.score[n] ?? NaN)),
    makeItem("", nameVerdict(data, n)),
    ...data.events
      .filter((event) => event.session === data.session[n])
      .map((event) => makeItem(...nameEvent(event, data, stock))),
  );
  for (const indicator of indicators) {
    const single = indicator.lines.length === 1;
    indicator.box.replaceChildren(
      ...indicator.lines.map((line) => makeItem(single ? "" : line.label, line.write(line.values[n] ?? NaN), line.ink)),
    );
  }
}

/** About how much money was traded in session `n`; NaN where the volume is not known. */
function turnoverOf(data, stock, n) {
  if (data.volume[n] === null) return NaN;
  return stock.kind === "crypto" ? data.volume[n] : (data.volume[n] * data.close[n]) / stock.unit;
}

/** What the chart shows, and its newest values, as one text. */
export function writeSummary(data, indicators, stock, shown) {
  const last = data.session.length - 1;
  const values = indicators.flatMap((indicator) =>
    indicator.lines.map((line) => {
      const name = indicator.lines.length === 1 ? indicator.label : `${indicator.label} ${line.label}`;
      return `${name} ${line.write(line.values[last] ?? NaN)}`;
    }),
  );
  const averages = Object.entries(data.averages).map(([name, of]) => `${name} ${number(of[last] ?? NaN, stock.decimals)}`);
  const state = [`score ${score(data.score[last] ?? NaN)}`, nameVerdict(data, last)].filter(Boolean);
  summary.textContent =
    `Shown are the sessions from ${day(shown.from)} to ${day(shown.to)}. At the close of ${day(data.session[last])}: ` +
    `${[money(data.close[last], stock.currency, stock.decimals), ...averages, ...state, ...values].join(", ")}.` +
    (data.events.length ? ` Dividends and splits marked: ${data.events.length}.` : "");
}

function nameEvent({ dividend, split }, data, stock) {
  return split ? ["Split", split] : ["Dividend", money(dividend, stock.currency, data.dividend_decimals)];
}

function nameVerdict(data, n) {
  return data.verdict[n] === null ? "" : data.verdicts[data.verdict[n]];
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
