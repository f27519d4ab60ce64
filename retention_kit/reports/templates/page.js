"use strict";
// Pictures come to life in place. Expressions are interpreted, not compiled: the page allows no eval.
const scheme = window.matchMedia("(prefers-color-scheme: dark)");

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

// The numbers behind a chart are those that its tooltips tell, one table for each set of data.
const most = 400;

function tables(spec) {
  const found = new Map();
  for (const unit of spec.layer ?? [spec]) {
    const source = unit.data ?? spec.data ?? {};
    const rows = spec.datasets?.[source.name] ?? source.values ?? [];
    const columns = [].concat(unit.encoding?.tooltip ?? []).filter((column) => column.field);
    if (rows.length && columns.length && !found.has(rows)) found.set(rows, table(source.name, rows, columns));
  }
  return [...found.values()];
}

function table(name, rows, columns) {
  const made = element("table", "rk-table");
  const more = rows.length > most ? `: first ${most} of ${rows.length} rows` : "";
  made.createCaption().textContent = (name ?? "numbers").replaceAll("_", " ") + more;
  const head = made.createTHead().insertRow();
  for (const { title, field } of columns) {
    const cell = element("th", "", title ?? field);
    cell.scope = "col";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows.slice(0, most)) {
    const line = body.insertRow();
    for (const { field } of columns) line.insertCell().textContent = row[field] ?? "\u2014";
  }
  return made;
}

function equip(figure, source) {
  const title = figure.querySelector(".rk-chart-title")?.textContent ?? "";
  const called = `${figure.dataset.chart.replaceAll("_", " ")}: ${title}`;
  const tools = figure.querySelector(".rk-chart-tools");
  const details = element("div", "rk-chart-table");
  tools.setAttribute("aria-label", `Numbers and picture of ${called}`);
  details.setAttribute("role", "region");
  details.setAttribute("aria-label", `Numbers of ${called}`);
  details.tabIndex = 0;
  details.hidden = true;
  const button = (label, hint, action) => {
    const node = element("button", "rk-tool", label);
    node.type = "button";
    node.title = hint;
    node.addEventListener("click", () => action(node));
    tools.append(node);
    return node;
  };
  const data = button("Data", "Show the numbers behind this chart", (node) => {
    if (!details.childElementCount) details.append(...tables(JSON.parse(source.textContent)));
    details.hidden = !details.hidden;
    node.setAttribute("aria-expanded", String(!details.hidden));
  });
  data.setAttribute("aria-expanded", "false");
  for (const kind of ["PNG", "SVG"]) {
    button(kind, "Download this chart as a picture", async () => {
      const link = element("a");
      link.href = await figure.view.toImageURL(kind.toLowerCase(), 2);
      link.download = `${figure.dataset.chart}.${kind.toLowerCase()}`;
      link.click();
    });
  }
  figure.append(details);
}

async function draw(figure, source) {
  const scroller = figure.querySelector(".rk-chart-scroll");
  const paper = scroller.querySelector("img");
  const dark = scheme.matches;
  let spec = JSON.parse(source.textContent);
  delete spec.title; // it is text of the page
  if (dark) spec = recoloured(spec, spec.usermeta.dark);
  // A line can be redrawn for a phone; a table of cells cannot, and is scrolled instead.
  if (typeof spec.width === "number") {
    spec.autosize = { type: "fit-x", contains: "padding" };
    spec.width = Math.max(280, Math.min(spec.width + 60, scroller.clientWidth));
  }
  const drawing = element("div", "rk-chart-picture");
  const fresh = element("div");
  drawing.append(fresh);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", paper.alt);
  const options = { ast: true, renderer: "svg", actions: false, tooltip: { theme: "custom" } };
  const result = await window.vegaEmbed(fresh, spec, options);
  if (dark !== scheme.matches) return; // the scheme has changed meanwhile, and another drawing is coming
  scroller.querySelector(".rk-chart-picture")?.remove();
  scroller.append(drawing);
  figure.view?.finalize();
  figure.view = result.view;
  figure.dataset.live = dark ? "dark" : "light"; // on paper the picture is back
}

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const source = document.getElementById("chart-" + figure.dataset.chart);
  if (!source) continue;
  // A chart that cannot be drawn stays a picture.
  draw(figure, source).then(() => equip(figure, source), () => {});
  scheme.addEventListener("change", () => draw(figure, source));
}
