"use strict";
/* Numbers as ltv_bayes.formatting and ltv_bayes.tables.headings write them, and cells of CSV; the tests hold both alike. */
const numbers = (() => {
  const UNKNOWN = "–";

  /** A number with a fixed number of decimals; ties go to the even digit, as in Python. */
  function fixed(number, decimals) {
    const text = Math.abs(number).toFixed(decimals);
    const parts = Math.abs(number) * 2 ** (decimals + 1);
    let digits = text;
    if (Number.isInteger(parts) && parts % 2 === 1 && Math.abs(number) < 1e12) {
      const below = Math.floor(Math.abs(number) * 10 ** decimals);
      digits = ((below % 2 ? below + 1 : below) / 10 ** decimals).toFixed(decimals);
    }
    const [whole, rest] = digits.split(".");
    const marked = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (rest ? `.${rest}` : "");
    return (number < 0 || Object.is(number, -0) ? "-" : "") + marked;
  }

  const trimmed = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);

  function scientific(number, digits) {
    const [mantissa, exponent] = number.toExponential(digits - 1).split("e");
    const size = exponent.slice(1).padStart(2, "0");
    return `${trimmed(mantissa)}e${exponent[0]}${size}`;
  }

  function significant(number, digits) {
    return trimmed(fixed(number, digits - 1 - Math.floor(Math.log10(Math.abs(number)))));
  }

  function threeDigits(number) {
    if (Math.abs(number) >= 99.95) return fixed(number, 0);
    if (number === 0) return "0";
    if (Math.abs(number) < 1e-6) return scientific(number, 2);
    return significant(number, 3);
  }

  function money(number, sizes) {
    const [size, suffix] = sizes.find((step) => Math.abs(number) >= 0.9995 * step[0]) || [1, ""];
    return threeDigits(number / size) + suffix;
  }

  function percent(share) {
    if (share > 0 && share < 0.0005) return "< 0.1%";
    if (share > -0.0005 && share < 0) return "> -0.1%";
    if (share >= 0.995 && share < 1) return "> 99%";
    return plainly(100 * share, Math.abs(share) >= 0.0095 || share === 0 ? 0 : 1) + "%";
  }

  function probability(value) {
    if (value >= 0.995) return value === 1 ? "1" : "> 0.99";
    if (value < 0.005) return value === 0 ? "0" : "< 0.01";
    return plainly(value, 2);
  }

  const plainly = (number, decimals) => fixed(number, decimals).replaceAll(",", "");

  function number(value) {
    if (Math.abs(value) >= 1000) return fixed(value, 0);
    if (value === 0) return "0";
    const exponent = Number(value.toExponential(3).split("e")[1]);
    return exponent < -4 ? scientific(value, 4) : trimmed(plainly(value, 3 - exponent));
  }

  const writers = {
    money, share: percent, probability, number, ratio: threeDigits, duration: threeDigits,
    count: (value) => (Number.isInteger(value) ? fixed(value, 0) : number(value)),
  };
  const write = (value, kind, sizes) => (value === null ? UNKNOWN : writers[kind](value, sizes));

  /** Text that no spreadsheet runs, as ltv_bayes.formatting.escape_formula writes it. */
  function escapeFormula(text) {
    const bare = text.replace(/^'+/, "");
    const first = bare.replace(/^[ \t\r\n\f\v\u00a0\u200b\u2060\u3000\ufeff]+/, "").slice(0, 1).normalize("NFKC");
    return /^[\t\r\n]/.test(bare) || /^[=+\-@]/.test(first) ? `'${text}` : text;
  }

  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csvLine = (cells) => cells.map((cell) => quoted(typeof cell === "string" ? escapeFormula(cell) : cell === null ? "" : String(cell))).join(",");

  return Object.freeze({ UNKNOWN, writers, fixed, write, escapeFormula, csvLine });
})();
