// What a page can do beside links and forms. Every page is whole without it. Each part stands in a block of its own.
"use strict";

const root = document.documentElement;
const stored = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const store = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private mode */ } };

// --- theme: the system's, or the one that was chosen here ---
{
  const theme = stored("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
      store("theme", root.dataset.theme);
    });
  }
}

// --- pages: their row is wider than a telephone; show the name of this one ---
for (const here of document.querySelectorAll(".top-nav [aria-current]")) {
  const row = here.parentElement;
  row.scrollLeft = here.getBoundingClientRect().right - row.getBoundingClientRect().right + 16; // no more than it must
}

// --- keys: j k o / ?, never in a field or while text is composed; they can be turned off ---
{
  const help = document.getElementById("keys");
  const isOn = help.querySelector("input");
  const koreanLayout = { "ㅓ": "j", "ㅏ": "k", "ㅐ": "o" };
  const items = () => [...document.querySelectorAll("main .event-title a, main .event-reject a, main [data-item]")];

  // The item that has the focus, else the last one above the middle of the window, else none.
  const place = (found) => {
    const part = document.activeElement.closest("article, [data-item]");
    const focused = part ? found.findIndex((item) => part.contains(item)) : -1;
    return focused >= 0 || scrollY === 0 ? focused
      : found.findLastIndex((item) => item.getBoundingClientRect().top < innerHeight / 3);
  };
  const move = (step) => {
    const found = items();
    found[Math.max(place(found) + step, 0)]?.focus();
  };
  const actions = {
    j: () => move(1),
    k: () => move(-1),
    o: () => items()[place(items())]?.click(),
    "/": () => document.getElementById("top-q").focus(),
    "?": () => help.showModal(),
  };

  isOn.checked = stored("keys") !== "off";
  isOn.addEventListener("change", () => store("keys", isOn.checked ? "on" : "off"));
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }
  addEventListener("keydown", (event) => {
    const action = actions[koreanLayout[event.key] || event.key];
    if (!action || !isOn.checked || event.isComposing || event.keyCode === 229 || help.open) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    action();
  });
}

// --- HTML of our own server: parsed apart, where no script of it runs ---
const policy = window.trustedTypes?.createPolicy("monitor", { createHTML: (html) => html });
const fromServer = (html) => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");

// --- live: a button counts new events, and nothing moves; one tab of a browser holds the stream for all ---
for (const live of document.querySelectorAll("[data-live]")) {
  const { latest, stream, one, many } = live.dataset;
  const button = live.querySelector("button");
  const others = "BroadcastChannel" in window ? new BroadcastChannel("monitor-live") : null;
  const isAlone = !navigator.locks || !others; // no locks on plain http by name: then it asks again and again
  let waiting = null; // for the lock
  let letGo = null; // of the stream

  // Count what this view would show of the events that came since it was made.
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(latest);
      if (!answer.ok) return;
      const { count } = await answer.json();
      button.textContent = count === 1 ? one : many.replace("#", count < 100 ? count : "99+");
      button.hidden = count === 0;
    } catch { /* the server is away: the next time tells */ }
  };
  const listen = () => new Promise((done) => {
    const source = new EventSource(stream);
    letGo = () => { source.close(); letGo = null; done(); };
    source.addEventListener("events", () => { others.postMessage(""); look(); });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) { letGo(); setTimeout(follow, 5000); } // refused, not interrupted
    });
  });
  const follow = () => {
    look();
    if (isAlone || document.hidden || letGo) return;
    waiting?.abort();
    waiting = new AbortController();
    navigator.locks.request("monitor-live", { signal: waiting.signal }, listen).catch(() => { /* it became hidden */ });
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return follow();
    waiting?.abort();
    letGo?.();
  });
  others?.addEventListener("message", look);
  button.addEventListener("click", () => {
    const newest = new URL(location.href);
    for (const name of ["before", "after", "done"]) newest.searchParams.delete(name);
    newest.hash = "";
    location.assign(newest);
  });
  if (isAlone) setInterval(look, 5000);
  follow();
}
