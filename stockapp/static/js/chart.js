// Chart: what it shows and when. Columns come as JSON; ranges, keys, the theme and the list of indicators move it.

import { drawChart } from "./chart_drawing.js";
import { clearLegend, writeLegend, writeSummary } from "./chart_legend.js";
import { PERIODS, describeBars } from "./chart_periods.js";
import { isShortcut } from "./typing.js";

const PERIOD_KEY = "chart-period";
const RANGE_KEYS = { day: "chart-range", week: "chart-range-weeks", month: "chart-range-months" };
const FIRST_RANGES = { day: "12", week: "all", month: "all" };
const box = document.getElementById("chart");
const message = document.getElementById("chart-message");
const note = document.getElementById("chart-note");
const periods = document.getElementById("periods");
const ranges = document.getElementById("ranges");
const stock = {
  kind: box.dataset.kind,
  currency: box.dataset.currency,
  mainCurrency: box.dataset.mainCurrency,
  unit: Number(box.dataset.unit),
  decimals: Number(box.dataset.decimals),
};
const answers = new Map();
let chart = null;
let data = null;
let indicators = [];
let period = PERIODS.find((each) => each === sessionStorage.getItem(PERIOD_KEY)) ?? "day";
let range = readRange();
let loads = 0;

periods.addEventListener("click", (event) => {
  const button = event.target.closest("[data-period]");
  if (button) choosePeriod(button.dataset.period);
});

ranges.addEventListener("click", (event) => {
  const button = event.target.closest("[data-range]");
  if (button) chooseRange(button.dataset.range);
});
document.addEventListener("keydown", (event) => {
  if (isShortcut(event)) ranges.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`)?.click();
});
box.addEventListener("keydown", (event) => {
  const acts = {
    ArrowLeft: () => panChart(-10),
    ArrowRight: () => panChart(10),
    "+": () => zoomChart(0.8),
    "-": () => zoomChart(1.25),
  };
  if (!chart || !acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});
document.addEventListener("refresh:chart", () => {
  answers.clear();
  if (hasBars()) loadChart();
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.elt.id === "indicators" && hasBars()) loadChart();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawChart);
new MutationObserver(redrawChart).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
if (hasBars()) loadChart();

async function loadChart() {
  const turn = ++loads;
  pressChosen();
  try {
    const [prices, ...found] = await Promise.all([fetchOnce(box.dataset.url), ...listIndicators().map(loadIndicator)]);
    if (turn !== loads) return;
    data = prices;
    indicators = found.filter(Boolean);
    box.hidden = ranges.hidden = periods.hidden = false;
    showMessage("");
    note.textContent = describeBars(data);
    note.hidden = !note.textContent;
    redrawChart();
    showRange();
  } catch (error) {
    if (turn !== loads) return;
    showMessage(explainError(error, "The prices could not be loaded."));
    removeChart();
  }
}

/** The answer of an address, asked once; an error with the server's sentence where it has none. */
async function fetchOnce(url) {
  const address = new URL(url, location.href);
  if (period !== "day") address.searchParams.set("period", period);
  else if (range === "all") address.searchParams.set("all", "1");
  if (!answers.has(address.href)) {
    const answer = await fetch(address);
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.problem);
    answers.set(address.href, found);
  }
  return answers.get(address.href);
}

/** One listed indicator with its numbers; null, and the reason in the list, where it has none. */
async function loadIndicator(entry) {
  const place = entry.querySelector("[data-values]");
  try {
    const found = await fetchOnce(entry.dataset.url);
    if (found.problem) throw new Error(found.problem);
    return { ...found, lines: found.lines.map((line) => ({ ...line })), box: place };
  } catch (error) {
    place.textContent = explainError(error, "It could not be loaded.");
    return null;
  }
}

function hasBars() {
  return document.querySelector("#sessions table") !== null;
}

function listIndicators() {
  return [...document.querySelectorAll("#indicators [data-url]")];
}

function explainError(error, otherwise) {
  return error instanceof SyntaxError || error instanceof TypeError ? otherwise : error.message;
}

function showMessage(text) {
  message.textContent = text;
  message.hidden = !text;
}

/** Remove bars of another interval than the chosen one, with all that tells of them. */
function removeChart() {
  if (!data || data.period === period) return;
  chart.remove();
  chart = data = null;
  delete box.dataset.candles;
  note.hidden = true;
  clearLegend();
}

function redrawChart() {
  if (!data) return;
  const kept = chart?.timeScale().getVisibleLogicalRange();
  chart?.remove();
  box.dataset.panes = String(indicators.filter((each) => each.place === "pane").length);
  box.dataset.candles = String(data.session.length);
  chart = drawChart(box, data, indicators, stock);
  const last = data.session.length - 1;
  chart.subscribeCrosshairMove((point) => writeLegend(data, indicators, stock, findSession(point.time) ?? last));
  chart.timeScale().subscribeVisibleLogicalRangeChange(reportRange);
  if (kept) chart.timeScale().setVisibleLogicalRange(kept);
  writeLegend(data, indicators, stock, last);
}

function choosePeriod(chosen) {
  if (chosen === period && chosen === data?.period) return;
  period = chosen;
  sessionStorage.setItem(PERIOD_KEY, period);
  range = readRange();
  loadChart();
}

/** The range last chosen for bars of this period: of weeks and months at first all. */
function readRange() {
  return sessionStorage.getItem(RANGE_KEYS[period]) ?? FIRST_RANGES[period];
}

function chooseRange(chosen) {
  const wasAll = range === "all";
  range = chosen;
  sessionStorage.setItem(RANGE_KEYS[period], range);
  pressChosen();
  if (period === "day" && (wasAll || range === "all")) loadChart();
  else showRange();
}

function pressChosen() {
  for (const button of ranges.children) button.setAttribute("aria-pressed", String(button.dataset.range === range));
  for (const button of periods.children) button.setAttribute("aria-pressed", String(button.dataset.period === period));
}

/** Bring the chosen range into view. */
function showRange() {
  if (!data) return;
  const last = data.session.length - 1;
  const first = range === "all" ? 0 : data.session.findIndex((day) => day >= monthsBefore(data.session[last], range));
  chart.timeScale().setVisibleLogicalRange({ from: first, to: last + 6 });
  reportRange();
}

function reportRange() {
  const seen = chart.timeScale().getVisibleLogicalRange();
  if (!seen) return;
  const last = data.session.length - 1;
  const within = (n) => data.session[Math.min(Math.max(Math.round(n), 0), last)];
  const shown = { from: within(seen.from), to: within(seen.to) };
  Object.assign(box.dataset, shown);
  writeSummary(data, indicators, stock, shown);
}

function monthsBefore(day, months) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - Number(months));
  return date.toISOString().slice(0, 10);
}

function findSession(time) {
  const found = time ? data.session.indexOf(time) : -1;
  return found < 0 ? null : found;
}

function panChart(by) {
  const scale = chart.timeScale();
  const { from, to } = scale.getVisibleLogicalRange();
  scale.setVisibleLogicalRange({ from: from + by, to: to + by });
}

function zoomChart(factor) {
  const scale = chart.timeScale();
  const { from, to } = scale.getVisibleLogicalRange();
  scale.setVisibleLogicalRange({ from: to - (to - from) * factor, to });
}
