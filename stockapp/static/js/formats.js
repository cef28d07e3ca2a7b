// Formats: numbers as people read them, the same as stockapp/templatetags/formats.py writes them.

const SYMBOLS = { INR: "₹", USD: "$", EUR: "€", GBP: "£", JPY: "¥", KRW: "₩", CNY: "CN¥", HKD: "HK$" };
const WORDS = {
  indian: [[1e7, "Cr"], [1e5, "L"]],
  western: [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]],
};

export function money(value, currency, decimals = 2) {
  if (!Number.isFinite(value)) return "–";
  const digits = group(Math.abs(value), decimals, currency === "INR");
  const symbol = SYMBOLS[currency];
  return `${sign(value, decimals)}${symbol ? `${symbol}${digits}` : `${digits} ${currency}`.trim()}`;
}

export function number(value, decimals = 2) {
  return Number.isFinite(value) ? `${sign(value, decimals)}${group(Math.abs(value), decimals, false)}` : "–";
}

export function percent(value) {
  return Number.isFinite(value) ? `${sign(value, 2, "+")}${group(Math.abs(value), 2, false)}%` : "–";
}

export function score(value) {
  return Number.isFinite(value) ? `${sign(value, 0, "+")}${group(Math.abs(value), 0, false)}` : "–";
}

export function compact(value, currency) {
  if (!Number.isFinite(value)) return "–";
  const isIndian = currency === "INR";
  for (const [size, word] of WORDS[isIndian ? "indian" : "western"]) {
    if (Math.abs(value) >= size) return `${number(value / size)}${isIndian ? " " : ""}${word}`;
  }
  return number(value, 0);
}

export function day(text) {
  const [year, month, date] = text.split("-").map(Number);
  const name = new Date(Date.UTC(year, month - 1, date)).toLocaleString("en", { month: "short", timeZone: "UTC" });
  return `${date} ${name} ${year}`;
}

function sign(value, decimals, plus = "") {
  const rounded = Math.round(Math.abs(value) * 10 ** decimals);
  if (!rounded) return "";
  return value < 0 ? "−" : plus;
}

function group(value, decimals, isIndian) {
  return value.toLocaleString(isIndian ? "en-IN" : "en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
