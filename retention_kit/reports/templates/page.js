"use strict";
// Pictures come to life in place. Expressions are interpreted, not compiled: the page allows no eval.
for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const source = document.getElementById("chart-" + figure.dataset.chart);
  if (!source) continue;
  const spec = JSON.parse(source.textContent);
  const room = figure.clientWidth - 2 * parseFloat(getComputedStyle(figure).paddingLeft);
  // A line can be redrawn for a phone; a table of labelled cells cannot, and is scrolled instead.
  const labelled = /"type":"text"|"mark":"text"/.test(source.textContent);
  if (typeof spec.width === "number" && spec.width > room && (spec.mark || spec.layer) && !labelled) {
    spec.width = room;
    spec.autosize = { type: "fit-x", contains: "padding" };
    figure.style.setProperty("--rk-width", "0px");
  }
  // The title becomes text of the page: it wraps on a phone, and can be selected and read aloud.
  const title = document.createElement("h3");
  const subtitle = document.createElement("p");
  title.className = "rk-chart-title";
  subtitle.className = "rk-chart-subtitle";
  if (spec.title) {
    title.textContent = [].concat(spec.title.text ?? spec.title).join(" ");
    subtitle.textContent = [].concat(spec.title.subtitle ?? []).join("\n");
    delete spec.title;
  }
  const picture = figure.querySelector("img");
  const live = document.createElement("div");
  live.className = "rk-live rk-coming";
  const drawing = document.createElement("div");
  live.append(title, subtitle, drawing);
  figure.append(live);
  window
    .vegaEmbed(drawing, spec, {
      ast: true,
      renderer: "svg",
      actions: { export: true, source: false, compiled: false, editor: false },
      downloadFileName: figure.dataset.chart,
    })
    .then(() => {
      live.classList.remove("rk-coming");
      picture.hidden = true;
      figure.dataset.live = "yes";
    })
    .catch(() => live.remove());
}
