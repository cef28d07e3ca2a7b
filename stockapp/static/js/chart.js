// Chart: candles with volume, moving averages, the plan's levels and the score, from one JSON answer of columns.

import { compact, day, money, number, percent, score } from "./formats.js";

const AVERAGES = ["average-1", "average-2", "average-3"];
const LEVELS = { target: "Target", entry: "Entry", stop: "Stop" };

const box = document.getElementById("chart");
const message = document.getElementById("chart-message");
const legend = document.getElementById("chart-legend");
const all = document.getElementById("chart-all");
const currency = box.dataset.currency;
const decimals = Number(box.dataset.decimals);
const price = (value) => money(value, currency, decimals);
let chart = null;
let wantsAll = false;

all.addEventListener("click", () => {
  wantsAll = true;
  load();
});
document.addEventListener("refresh:chart", load);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", load);
box.addEventListener("keydown", (event) => {
  const acts = { ArrowLeft: () => pan(-10), ArrowRight: () => pan(10), "+": () => zoom(0.8), "-": () => zoom(1.25) };
  if (!chart || !acts[event.key]) return;
  event.preventDefault();
  acts[event.key]();
});
load();

async function load() {
  try {
    const answer = await fetch(box.dataset.url + (wantsAll ? "?all=1" : ""));
    const series = await answer.json();
    if (!answer.ok) throw new Error(series.problem);
    draw(series);
    say("");
    all.hidden = !series.has_more;
  } catch (error) {
    say(error instanceof SyntaxError || error instanceof TypeError ? "The prices could not be loaded." : error.message);
  }
}

function say(sentence) {
  message.textContent = sentence;
  message.hidden = !sentence;
}

function draw(data) {
  chart?.remove();
  const { LightweightCharts: library } = window;
  const colors = palette();
  chart = library.createChart(box, options(library, colors));
  drawVolume(library, data, colors);
  const candles = drawCandles(library, data, colors);
  const averages = drawAverages(library, data, colors);
  drawLevels(library, candles, data, colors);
  drawScore(library, data, colors);
  const last = data.session.length - 1;
  chart.timeScale().setVisibleLogicalRange({ from: wantsAll ? 0 : Math.max(last - 180, 0), to: last + 6 });
  chart.subscribeCrosshairMove((point) => describe(data, averages, at(data, point.time) ?? last));
  describe(data, averages, last);
}

function options(library, colors) {
  return {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { type: library.ColorType.Solid, color: "transparent" },
      textColor: colors["ink-soft"],
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      panes: { separatorColor: colors.line, separatorHoverColor: colors.line, enableResize: false },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colors.line } },
    crosshair: { mode: library.CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderColor: colors.line, rightOffset: 6, minBarSpacing: 0.3 },
    handleScroll: { vertTouchDrag: false },
    localization: { timeFormatter: day },
  };
}

function drawCandles(library, data, colors) {
  // Hollow where it rose, filled where it fell: colour is not the only sign.
  const candles = chart.addSeries(library.CandlestickSeries, {
    upColor: "rgba(0, 0, 0, 0)",
    borderUpColor: colors.up,
    wickUpColor: colors.up,
    downColor: colors.down,
    borderDownColor: colors.down,
    wickDownColor: colors.down,
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: { type: "custom", formatter: price, minMove: 10 ** -decimals },
  });
  candles.setData(
    data.session.map((time, n) => ({
      time, open: data.open[n], high: data.high[n], low: data.low[n], close: data.close[n],
    })),
  );
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.22 } });
  return candles;
}

function drawVolume(library, data, colors) {
  const volume = chart.addSeries(library.HistogramSeries, {
    priceScaleId: "volume",
    color: colors["line-strong"],
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: { type: "custom", formatter: (value) => compact(value, currency), minMove: 1 },
  });
  volume.setData(data.session.map((time, n) => ({ time, value: data.volume[n] })));
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
}

function drawAverages(library, data, colors) {
  return Object.entries(data.averages).map(([name, values], n) => {
    const line = chart.addSeries(library.LineSeries, {
      color: colors[AVERAGES[n]],
      lineWidth: 1,
      priceLineVisible: false,
      lastValueVisible: false,
      crosshairMarkerVisible: false,
    });
    line.setData(points(data.session, values));
    return { name, values, kind: AVERAGES[n] };
  });
}

function drawLevels(library, candles, data, colors) {
  for (const [key, title] of Object.entries(LEVELS)) {
    if (!(key in data.levels)) continue;
    candles.createPriceLine({
      price: data.levels[key],
      title,
      color: colors["ink-soft"],
      lineWidth: 1,
      lineStyle: key === "entry" ? library.LineStyle.Dotted : library.LineStyle.Dashed,
      axisLabelVisible: true,
    });
  }
}

function drawScore(library, data, colors) {
  const line = chart.addSeries(
    library.BaselineSeries,
    {
      baseValue: { type: "price", price: 0 },
      topLineColor: colors.up,
      topFillColor1: "rgba(0, 0, 0, 0)",
      topFillColor2: "rgba(0, 0, 0, 0)",
      bottomLineColor: colors.down,
      bottomFillColor1: "rgba(0, 0, 0, 0)",
      bottomFillColor2: "rgba(0, 0, 0, 0)",
      lineWidth: 1,
      priceLineVisible: false,
      lastValueVisible: data.score.at(-1) !== null,
      autoscaleInfoProvider: () => ({ priceRange: { minValue: -100, maxValue: 100 } }),
      priceFormat: { type: "custom", formatter: score, minMove: 1 },
    },
    1,
  );
  line.setData(points(data.session, data.score));
  const [prices, scores] = chart.panes();
  prices.setStretchFactor(4);
  scores.setStretchFactor(1);
}

function points(session, values) {
  return session.map((time, n) => (values[n] === null ? { time } : { time, value: values[n] }));
}

function at(data, time) {
  const found = time ? data.session.indexOf(time) : -1;
  return found < 0 ? null : found;
}

function describe(data, averages, n) {
  const before = n ? data.close[n - 1] : NaN;
  const change = 100 * (data.close[n] / before - 1);
  const items = [
    [day(data.session[n]), ""],
    ["O", price(data.open[n])],
    ["H", price(data.high[n])],
    ["L", price(data.low[n])],
    ["C", price(data.close[n])],
    ["", percent(change)],
    ["Vol", compact(data.volume[n], currency)],
  ].map(([name, value]) => item(name, value));
  items.push(...averages.map(({ name, values, kind }) => item(name, number(values[n] ?? NaN, decimals), kind)));
  items.push(item("Score", score(data.score[n] ?? NaN)));
  legend.replaceChildren(...items);
}

function item(name, value, kind = "") {
  const span = document.createElement("span");
  if (kind) {
    const swatch = document.createElement("span");
    swatch.className = `swatch ${kind}`;
    span.append(swatch);
  }
  const strong = document.createElement("b");
  strong.textContent = value;
  span.append(`${name} `, strong);
  return span;
}

function pan(by) {
  const scale = chart.timeScale();
  const range = scale.getVisibleLogicalRange();
  scale.setVisibleLogicalRange({ from: range.from + by, to: range.to + by });
}

function zoom(factor) {
  const scale = chart.timeScale();
  const range = scale.getVisibleLogicalRange();
  scale.setVisibleLogicalRange({ from: range.to - (range.to - range.from) * factor, to: range.to });
}

function palette() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const names = ["ink-soft", "line", "line-strong", "up", "down", ...AVERAGES];
  const colors = Object.fromEntries(
    names.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return colors;
}
