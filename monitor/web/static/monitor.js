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
