"use strict";
// The states of the page: loading → live, or loading → failed; live → gone, when its kernel ended.
(() => {
  const patience_ms = 30000, pulse_ms = 30000, calm_ms = 50;
  const root = document.documentElement;
  const scripts = "script[type='application/vnd.voila.cell-output+json']";
  let started = false;

  const say = (text) => {
    const line = document.getElementById("rk-app-status");
    line.textContent = text;
    line.hidden = !text;
  };
  const enter = (state) => { root.dataset.rkState = state; };
  enter("loading");

  const offer = (text) => {
    enter("gone");
    say(text + " ");
    const again = document.createElement("a");
    again.href = "";
    again.textContent = "Reload the page";
    document.getElementById("rk-app-status").append(again, " to go on.");
  };

  const watch = (kernel) => {
    const gone = () => {
      if (root.dataset.rkState === "live") {
        offer("This page was put to rest because nobody used it, or the server was stopped.");
      }
    };
    const look = () => {
      if (document.visibilityState !== "visible" || root.dataset.rkState !== "live") return;
      fetch(`/api/kernels/${kernel.id}`).then((answer) => { if (!answer.ok) gone(); }, gone);
    };
    kernel.statusChanged.connect((_, status) => { if (status === "dead") gone(); });
    kernel.connectionStatusChanged.connect((_, status) => { if (status !== "connected") look(); });
    document.addEventListener("visibilitychange", look);
    setInterval(look, pulse_ms);
  };

  const shown = () => [...document.querySelectorAll(".rk-app-widget")].every(
    (place) => !place.querySelector(scripts) && place.querySelector(".jp-OutputArea-output > *"));

  const waitForWidgets = () => {
    const late = setTimeout(() => offer("Some controls have not loaded."), patience_ms);
    const settle = () => {
      observer.disconnect();
      clearTimeout(late);
      enter("live");
      say("");
      if (window.jupyterapp) window.jupyterapp.widgetManagerPromise.promise.then((all) => watch(all.kernel));
    };
    // A box is there before what is in it: the page is ready once nothing has been added for a moment.
    let calm;
    const look = () => {
      clearTimeout(calm);
      if (shown()) calm = setTimeout(settle, calm_ms);
    };
    const observer = new MutationObserver(look);
    observer.observe(document.getElementById("rk-app-cells"), { childList: true, subtree: true });
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
    step: (done, all) => say(done < all ? `Loading: step ${done} of ${all} done.` : "Loading: connecting the controls."),
    fail: () => { enter("failed"); document.title = "Not calculated – " + document.title; },
  };
})();
