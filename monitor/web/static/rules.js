// The rule tester reads on as one types, and by itself until every release is read. Without it the form does the same.
"use strict";

{
  const form = document.getElementById("rule");
  const query = form.elements.q;
  const said = document.getElementById("said");
  let timer = 0;
  let asked = new AbortController(); // the newest request; an older one is aborted

  // The address of the page that shows what the form holds.
  const address = () => {
    const state = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...state]) if ((!value && name !== "q") || name === "last") state.delete(name);
    return `${form.getAttribute("action")}?${state}`;
  };

  const ask = async (url, isNew) => {
    clearTimeout(timer);
    asked.abort();
    const mine = asked = new AbortController();
    try {
      const answer = await fetch(`${url}${url.includes("?") ? "&" : "?"}part=result`, { signal: mine.signal });
      if (!answer.ok) throw new Error(answer.status === 431 ? "the rule is too long" : `status ${answer.status}`);
      const next = fromServer(await answer.text()).getElementById("result");
      if (mine !== asked) return;
      if (isNew) history.replaceState(null, "", url);
      put(next, isNew);
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    }
  };

  // Put a result in place of the one that is shown; a fault stands above the last good one, which stays, dimmed.
  const put = (next, isNew) => {
    const now = document.getElementById("result");
    const fault = next.querySelector("#fault");
    document.getElementById("fault")?.remove();
    if (fault) query.setAttribute("aria-describedby", "fault");
    else query.removeAttribute("aria-describedby");
    query.ariaInvalid = fault ? "true" : null;
    if (fault) {
      now.prepend(fault);
      document.getElementById("found")?.classList.add("dimmed");
    } else {
      const focus = focusIn(now);
      for (const open of now.querySelectorAll("article details[open]")) {
        const same = next.querySelector(`#${open.closest("article").id} details`);
        if (same && !isNew) same.open = true;
      }
      now.replaceChildren(...next.childNodes);
      focus();
    }
    if (isNew || !("unfinished" in next.dataset)) said.textContent = next.dataset.said;
    goOn();
  };

  // Remember what has the focus in the result; the function that is returned gives it to the same thing again.
  const focusIn = (now) => {
    const held = document.activeElement;
    if (!now.contains(held)) return () => {};
    const id = held.closest("[id]").id;
    const at = [...document.getElementById(id).querySelectorAll("a, summary, button")].indexOf(held);
    return () => {
      const place = document.getElementById(id);
      (place?.querySelectorAll("a, summary, button")[at] ?? place)?.focus({ preventScroll: true });
    };
  };

  // Read on while releases are left and somebody looks.
  const goOn = () => {
    const further = document.querySelector("#found:not(.dimmed) #go-on");
    for (const copy of document.querySelectorAll("[data-copy]")) copy.hidden = !navigator.clipboard;
    if (!further) return;
    if (document.hidden) document.addEventListener("visibilitychange", goOn, { once: true });
    else ask(further.href, false);
  };

  const fail = (error) => {
    const told = document.createElement("p");
    told.className = "fault";
    told.id = "fault";
    told.textContent = `No answer: ${error.message}.`;
    document.getElementById("fault")?.remove();
    document.getElementById("result").prepend(told);
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(address(), true), 150);
  };
  query.addEventListener("compositionstart", () => clearTimeout(timer));
  query.addEventListener("compositionend", soon);
  query.addEventListener("input", (event) => { if (!event.isComposing) soon(); });
  form.elements.against.addEventListener("change", () => { query.value ? ask(address(), true) : form.submit(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(address(), true); });
  form.querySelector(".rule-submit").hidden = true;
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (!copy) return;
    await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    copy.textContent = "Copied";
  });
  goOn();
}
