"use strict";
// The states of the page: loading → live, or loading → failed; → gone, when its kernel has ended. Beside
// them, the line to the server may be lost for a while.
(() => {
  const patience_ms = 60000, pulse_ms = 4000, answer_ms = 4000, calm_ms = 50;
  const root = document.documentElement;
  const scripts = "script[type='application/vnd.voila.cell-output+json']";
  const find = (id) => document.getElementById(id);
  let started = false;

  const enter = (state) => { root.dataset.rkState = state; };
  enter("loading");

  const say = (text) => {
    const line = find("rk-app-status");
    line.textContent = text;
    line.hidden = !text;
  };

  const banner = (text, action) => {
    const line = find("rk-app-banner");
    line.textContent = text + " ";
    line.hidden = !text;
    if (!text || !action) return;
    const again = document.createElement("a");
    again.href = ""; // the address holds the view
    again.textContent = action;
    line.append(again);
  };
  const end = (text) => {
    enter("gone");
    say("");
    banner(text, "Reload the page");
  };

  // The live page takes the place of the still one; what the reader is looking at stays where it is.
  const unveil = () => {
    const old = find("rk-app-still");
    const cells = [...old.querySelectorAll("[data-cell]")];
    const seen = cells.find((cell) => cell.getBoundingClientRect().bottom > 0);
    const before = seen ? seen.getBoundingClientRect().top : 0;
    enter("live");
    old.remove();
    const now = seen && document.querySelector(`#rk-app-cells [data-cell="${seen.dataset.cell}"]`);
    if (now && window.scrollY > 0) window.scrollBy({ top: now.getBoundingClientRect().top - before, behavior: "instant" });
  };

  const ended = () => end("This session has ended: nobody used it for a while, or the server was started anew.");
  // Asks the server for the kernel of this page, from the first moment on: before it has started there is none.
  const look = async () => {
    const state = root.dataset.rkState;
    if (document.visibilityState !== "visible" || (state !== "live" && state !== "loading")) return;
    const { kernelId } = JSON.parse(find("jupyter-config-data").textContent);
    try {
      const answer = await fetch(`/api/kernels/${kernelId}`, { cache: "no-store", signal: AbortSignal.timeout(answer_ms) });
      const wasLost = root.dataset.rkLine === "lost";
      delete root.dataset.rkLine;
      if (!answer.ok && (wasLost || root.dataset.rkState === "live")) ended();
      else if (wasLost) banner("");
    } catch {
      root.dataset.rkLine = "lost";
      banner("The server does not answer: it was stopped, or the network is lost. The address of this page keeps the view.", "Reload the page");
    }
  };
  const watch = (kernel) => {
    kernel.statusChanged.connect((_, status) => { if (status === "dead") ended(); });
    kernel.connectionStatusChanged.connect((_, status) => { if (status !== "connected") look(); });
  };
  for (const event of ["offline", "online"]) window.addEventListener(event, look);
  document.addEventListener("visibilitychange", look);
  setInterval(look, pulse_ms);

  const shown = () => [...document.querySelectorAll(".rk-app-widget")].every(
    (place) => !place.querySelector(scripts) && place.querySelector(".jp-OutputArea-output > *"));
  // Charts draw themselves once the chart library is there; those below what the reader sees may come later.
  const drawn = () => [...document.querySelectorAll("#rk-app-cells .rk-chart")].every(
    (chart) => chart.hidden || chart.dataset.drawn || chart.getBoundingClientRect().top > innerHeight);

  const waitForWidgets = () => {
    const late = setTimeout(() => end("Some parts of this page have not loaded."), patience_ms);
    const settle = () => {
      observer.disconnect();
      clearTimeout(late);
      unveil();
      say("");
      if (window.jupyterapp) window.jupyterapp.widgetManagerPromise.promise.then((all) => watch(all.kernel));
    };
    // A box is there before what is in it: the page is ready once nothing has been added for a moment.
    let calm;
    const look = (changes = []) => {
      const chartsOnly = changes.length && changes.every((change) => change.target.closest(".rk-chart"));
      if (calm && chartsOnly) return;
      clearTimeout(calm);
      calm = shown() && drawn() ? setTimeout(settle, calm_ms) : 0;
    };
    const observer = new MutationObserver(look);
    observer.observe(find("rk-app-cells"), { attributeFilter: ["data-drawn", "hidden"], childList: true, subtree: true });
    look();
  };

  // Registered ahead of Voilà's own listener, which must not look for the kernel of a failed page.
  window.addEventListener("load", (event) => {
    if (root.dataset.rkState === "failed") event.stopImmediatePropagation();
    else if (!started) { started = true; waitForWidgets(); }
  });
  // Coming back through the history brings back a page whose kernel has ended.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  window.rk = {
    still: (pictured) => { root.dataset.rkPicture = pictured ? "picture" : "frame"; },
    step: (done, all) => say(done < all ? `Starting the controls: step ${done} of ${all}.` : "Starting the controls: connecting."),
    fail: () => { enter("failed"); document.title = "Not calculated – " + document.title; },
  };
})();
