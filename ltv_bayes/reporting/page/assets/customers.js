"use strict";
/* The table of customers and the waterfall of one of them. No text is ever read as markup. */
const customers = (() => {
  const { UNKNOWN, writers, fixed, write, csvLine } = numbers;
  const words = JSON.parse(document.getElementById("page-words").textContent);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

  function make(name, className, ...content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  function build(data) {
    const columns = data.columns.map(decoded);
    const ids = columns[0].values;
    const sources = data.sources.map((one) => ({ ...one, values: "column" in one ? columns[one.column].values : one.values }));
    const byId = new Map(ids.map((id, row) => [id, row]).reverse());
    const element = (name) => document.getElementById(`customer-${name}`);
    const amount = (value) => fill(value === null ? "{amount}" : data.amount, { amount: write(value, "money", data.sizes) });
    const pencil = document.createElement("canvas").getContext("2d");
    const narrow = window.innerWidth < 640;
    let haystack = null;
    let asked = null;

    function decoded(column) {
      const values = column.values || column.codes.map((code) =>
        typeof code === "number" ? column.pieces[code] : code.map((one) => column.pieces[one]).join(""));
      return { ...column, values, isNumber: column.kind in writers };
    }

    function cell(column, row) {
      if (!column.isNumber) return column.values[row];
      const low = column.values[row];
      if (!column.upper) return write(low, column.kind, data.sizes);
      const high = column.upper[row];
      if (low === null || high === null) return UNKNOWN;
      return fill(words.range, { low: write(low, column.kind, data.sizes), high: write(high, column.kind, data.sizes) });
    }

    /** Texts are compared by their rank, which is found once: comparing words is slow. */
    function ranks(column) {
      if (!column.ranks) {
        const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
        const sorted = [...new Set(column.values)].sort(collator.compare);
        const rank = new Map(sorted.map((text, place) => [text, place]));
        column.ranks = column.values.map((text) => (text === "" ? null : rank.get(text)));
      }
      return column.ranks;
    }

    function sorter(column) {
      const keys = () => (column.isNumber ? column.values : ranks(column));
      return (a, b, one, other, _column, direction) => {
        const [x, y] = [keys()[a], keys()[b]];
        if (x === null || y === null) return x === y ? 0 : (x === null) === (direction === "asc") ? 1 : -1;
        return x - y;
      };
    }

    /** Room for the longest text of a column, and for the longest word of its heading. */
    function width(column) {
      const step = column.isNumber ? Math.max(1, Math.floor(ids.length / 200)) : 1;
      const texts = new Set();
      for (let row = 0; row < ids.length; row += step) texts.add(cell(column, row));
      let most = 0;
      for (const text of texts) most = Math.max(most, text.length);
      const long = [...texts].filter((text) => text.length >= most - 2).slice(0, 50);
      const word = column.title.split(/\s/).reduce((best, one) => (one.length > best.length ? one : best), "");
      const heading = Math.max(measured(word), measured(column.title) / 2.5);
      return Math.ceil(Math.max(...long.map(measured).map((one) => one + 30), heading + 40));
    }

    function measured(text) {
      pencil.font = `14px ${getComputedStyle(document.body).fontFamily}`;
      return pencil.measureText(text).width;
    }

    function definition(column, place) {
      const id = place === 0;
      const room = width(column);
      const most = id ? (narrow ? 130 : 230) : 200;
      return {
        title: column.title, field: `c${place}`, frozen: id, cssClass: column.isNumber ? "n" : "t",
        hozAlign: column.isNumber ? "right" : "left", headerSortStartingDir: column.isNumber ? "desc" : "asc",
        ...(room > 260 && !id ? { minWidth: 320, widthGrow: 3 } : { minWidth: Math.min(room, most), widthGrow: 0.2 }),
        sorter: sorter(column),
        titleFormatter: () => {
          const button = make("button", "", column.title);
          button.type = "button";
          button.title = fill(words.sort, { column: column.title });
          return button;
        },
        formatter: (shown) => {
          const text = cell(column, shown.getValue());
          if (!id) return column.isNumber ? document.createTextNode(text) : make("bdi", "", text);
          const link = make("a", "", make("bdi", "", text));
          link.href = `#customer=${encodeURIComponent(text)}`;
          return link;
        },
      };
    }

    const grid = element("grid");
    document.documentElement.classList.add("scripted");
    grid.hidden = false;
    element("tools").hidden = false;
    const rank = (column) => (column === columns[0] ? 0 : column.isNumber ? 1 : 2);
    const inOrder = narrow ? [...columns].sort((one, other) => rank(one) - rank(other)) : columns; // numbers first
    const fields = columns.map((_column, place) => `c${place}`);
    const table = new Tabulator(grid, {
      data: ids.map((_id, row) => {
        const cells = { id: row };
        for (const field of fields) cells[field] = row;
        return cells;
      }),
      columns: inOrder.map((column) => definition(column, columns.indexOf(column))), layout: "fitColumns", rowHeight: 41, nestedFieldSeparator: false,
      height: Math.min(41 * Math.max(ids.length, 3) + 70, Math.max(320, Math.min(560, window.innerHeight * 0.72))),
      placeholder: words.none, columnHeaderSortMulti: false, rowFormatter: (row) => row.getElement().setAttribute("aria-rowindex", row.getPosition() + 1),
    });
    const built = new Promise((resolve) => table.on("tableBuilt", resolve));
    grid.setAttribute("aria-label", words.first);
    built.then(() => grid.querySelector(".tabulator-tableholder").removeAttribute("tabindex"));

    function count() {
      const text = { shown: fixed(table.getDataCount("active"), 0), all: fixed(ids.length, 0) };
      element("count").textContent = [fill(words.of, text), data.currency && fill(words.currency, data), words.open].filter(Boolean).join(" ");
      grid.setAttribute("aria-rowcount", table.getDataCount("active") + 1);
    }

    function choose() {
      const typed = element("search").value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = [...document.querySelectorAll("#customer-tools select")].filter((one) => one.value)
        .map((one) => [columns[one.dataset.column].values, one.value]);
      if (typed.length && !haystack) {
        const texts = columns.filter((column) => !column.isNumber);
        haystack = ids.map((_id, row) => texts.map((column) => column.values[row]).join("\n").normalize("NFKC").toLowerCase());
      }
      if (!typed.length && !wanted.length) table.clearFilter();
      else table.setFilter(({ id }) => wanted.every(([values, value]) => values[id] === value) && typed.every((word) => haystack[id].includes(word)));
      count();
    }

    function csv() {
      const cells = (column, row) => (column.upper ? [column.values[row], column.upper[row]] : [column.values[row]]);
      const heads = (column) => (column.upper ? [fill(words.from, { interval: column.title }), fill(words.to, { interval: column.title })] : [column.title]);
      const rows = table.getData("active").map(({ id }) => csvLine(columns.flatMap((column) => cells(column, id))));
      return `\ufeff${[csvLine(columns.flatMap(heads)), ...rows].join("\r\n")}\r\n`;
    }

    function save() {
      const link = make("a");
      link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
      link.download = words.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }

    /* ---- one customer ---- */

    function waterfall(row) {
      const found = sources.map((one) => ({ ...one, value: one.values[row] ?? 0 })).filter((one) => one.value !== 0);
      const foreseen = found.filter((one) => !one.realised);
      const total = foreseen.reduce((sum, one) => sum + one.value, 0);
      const interval = columns.find((column) => column.upper);
      const ends = interval ? [interval.values[row], interval.upper[row]] : [null, null];
      let at = 0;
      const bars = found.map((one) => {
        const from = one.realised ? 0 : at;
        if (!one.realised) at += one.value;
        return { ...one, from, to: from + one.value, look: one.realised ? "past" : one.value < 0 ? "minus" : "bar" };
      });
      bars.push({ title: words.to_come, from: 0, to: total, value: total, look: "all" });
      if (ends[0] !== null && ends[1] !== null) {
        bars.push({ title: interval.title, from: ends[0], to: ends[1], look: "band", text: cell(interval, row) });
      }
      const wide = Math.max(280, element("body").clientWidth);
      const above = wide < 460; // names stand above their bars
      const [left, right, step, thick] = above ? [0, 120, 48, 16] : [190, 130, 36, 20];
      const all = bars.flatMap((bar) => [bar.from, bar.to]);
      const [lowest, highest] = [Math.min(0, ...all), Math.max(0, ...all)];
      const scale = (value) => left + ((value - lowest) / (highest - lowest || 1)) * (wide - left - right);
      const draw = (name, settings, text) => {
        const made = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [key, value] of Object.entries(settings)) made.setAttribute(key, value);
        if (text !== undefined) made.textContent = text;
        return made;
      };
      const height = step * bars.length + 6;
      const said = bars.filter((bar) => bar.look !== "all" && bar.look !== "band").map((bar) => `${bar.title} ${amount(bar.value)}`).join("; ");
      const svg = draw("svg", {
        class: "waterfall", viewBox: `0 0 ${wide} ${height}`, role: "img",
        "aria-label": fill(words.waterfall, { sources: said, total: words.to_come, amount: amount(total) }),
      });
      svg.append(draw("line", { x1: scale(0), x2: scale(0), y1: 0, y2: height }));
      bars.forEach((bar, place) => {
        const top = place * step + (above ? 24 : (step - thick) / 2);
        const middle = top + thick / 2;
        const [low, high] = [Math.min(bar.from, bar.to), Math.max(bar.from, bar.to)].map(scale);
        svg.append(draw("text", above ? { x: 0, y: top - 6 } : { x: left - 14, y: middle + 5, "text-anchor": "end" }, bar.title));
        svg.append(draw("rect", { class: bar.look, x: low, y: top, width: Math.max(high - low, 1), height: thick, rx: 2 }));
        const text = bar.text || write(bar.value, "money", data.sizes);
        svg.append(draw("text", { class: bar.look === "all" ? "strong" : "", x: Math.max(high, scale(0)) + 8, y: middle + 5 }, text));
      });
      return svg;
    }

    function show(row) {
      const dialog = document.getElementById("customer");
      element("name").replaceChildren(make("bdi", "", ids[row]));
      const shown = columns.slice(1).filter((column) => cell(column, row) !== "");
      const long = (column) => !column.isNumber && cell(column, row).length > 40;
      const facts = shown.filter((column) => !long(column)).map((column) =>
        make("div", "", make("dt", "", column.title), make("dd", "", make("bdi", "", cell(column, row)))));
      const reasons = shown.filter(long).map((column) => make("p", "", make("bdi", "", cell(column, row))));
      if (!dialog.open) dialog.showModal();
      element("body").replaceChildren(...reasons, make("dl", "", ...facts), make("h4", "", words.sources));
      element("body").append(waterfall(row));
    }

    function follow() {
      const found = /^#customer=(.*)$/.exec(location.hash);
      const dialog = document.getElementById("customer");
      let id = null;
      try { id = found && decodeURIComponent(found[1]); } catch { id = null; }
      const row = asked !== null && ids[asked] === id ? asked : byId.get(id);
      asked = null;
      if (row !== undefined) show(row);
      else if (dialog.open) dialog.close();
    }

    let pause = 0;
    element("search").addEventListener("input", () => { clearTimeout(pause); pause = setTimeout(choose, 120); });
    for (const select of document.querySelectorAll("#customer-tools select")) select.addEventListener("change", choose);
    element("tools").addEventListener("submit", (event) => event.preventDefault());
    element("save").addEventListener("click", save);
    element("close").addEventListener("click", () => document.getElementById("customer").close());
    document.getElementById("customer").addEventListener("close", () => {
      if (location.hash.startsWith("#customer=")) history.replaceState(null, "", `#${grid.closest("section").id}`);
    });
    document.getElementById("customer").addEventListener("click", (event) => { if (event.target === event.currentTarget) event.currentTarget.close(); });
    table.on("rowClick", (event, row) => {
      asked = row.getData().id;
      const hash = `#customer=${encodeURIComponent(ids[asked])}`;
      if (!event.target.closest("a") && location.hash !== hash) location.hash = hash;
    });
    window.addEventListener("hashchange", follow);
    built.then(() => { count(); follow(); });
    return { table, csv, choose, built, show };
  }

  return build(JSON.parse(document.getElementById("customer-data").textContent));
})();
