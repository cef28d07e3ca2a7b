// Formats: numbers and ages as people read them, the same as stockapp/templatetags/formats.py writes them.

const SYMBOLS = { INR: "₹", USD: "$", EUR: "€", GBP: "£", JPY: "¥", KRW: "₩", CNY: "CN¥", HKD: "HK$" };
const WORDS = {
  indian: [[1e7, "Cr"], [1e5, "L"]],
  western: [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]],
};
export const DAY = 86_400; // seconds

// How this user wants digits grouped: "auto" by currency, "indian" in lakh and crore, "western" in thousands.
let chosen = globalThis.document?.documentElement.dataset.numbers ?? "auto";

export function groupAs(choice) {
  chosen = choice;
}

export function money(value, currency, decimals = 2) {
  if (!Number.isFinite(value)) return "–";
  return `${sign(value, decimals)}${inCurrency(group(Math.abs(value), decimals, isIndian(currency)), currency)}`;
}

export function number(value, decimals = 2) {
  return Number.isFinite(value) ? `${sign(value, decimals)}${group(Math.abs(value), decimals, isIndian())}` : "–";
}

export function percent(value) {
  return Number.isFinite(value) ? `${sign(value, 2, "+")}${group(Math.abs(value), 2, isIndian())}%` : "–";
}

// A score in hundredths, −100 to +100.
export function score(value) {
  return Number.isFinite(value) ? `${sign(value, 0, "+")}${group(Math.abs(value), 0, false)}` : "–";
}

export function compact(value, currency) {
  if (!Number.isFinite(value)) return "–";
  const indian = isIndian(currency);
  const words = WORDS[indian ? "indian" : "western"];
  for (const [n, [size, word]] of words.entries()) {
    const [below, steps] = n + 1 < words.length ? [words[n + 1][0], 100] : [1, 1];
    const rounded = Math.round((Math.abs(value) / below) * steps) / steps;
    if (rounded * below >= size) return `${number(value / size)}${indian ? " " : ""}${word}`;
  }
  return number(value, 0);
}

export function compactMoney(value, currency) {
  if (!Number.isFinite(value)) return "–";
  const written = compact(Math.abs(value), currency);
  return `${value < 0 && written !== "0" ? "−" : ""}${inCurrency(written, currency)}`;
}

export function day(text) {
  const [year, month, date] = text.split("-").map(Number);
  const name = new Date(Date.UTC(year, month - 1, date)).toLocaleString("en", { month: "short", timeZone: "UTC" });
  return `${date} ${name} ${year}`;
}

// An age under a day: “42 s ago”; what is not over yet is not counted.
export function ageInWords(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}

function isIndian(currency) {
  return chosen === "indian" || (chosen === "auto" && currency === "INR");
}

function inCurrency(digits, currency) {
  const symbol = SYMBOLS[currency];
  return symbol ? `${symbol}${digits}` : `${digits} ${currency}`.trim();
}

function sign(value, decimals, plus = "") {
  const rounded = Math.round(Math.abs(value) * 10 ** decimals);
  if (!rounded) return "";
  return value < 0 ? "−" : plus;
}

function group(value, decimals, indian) {
  return value.toLocaleString(indian ? "en-IN" : "en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}
