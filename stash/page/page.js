"use strict";
(() => {
  const PART = 50;
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = document.getElementById("words");
  const selects = { type: document.getElementById("type"), what: document.getElementById("what") };
  const count = document.getElementById("count");

  const make = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value) node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== "" && child !== null));
    return node;
  };

  const copied = (line, button) => {
    const say = () => { button.textContent = "Copied"; };
    if (navigator.clipboard) navigator.clipboard.writeText(line).then(say, () => {});
  };

  const pasteable = (use, line) => {
    const button = make("button", { type: "button", "aria-label": `Copy: ${line}` }, "Copy");
    button.addEventListener("click", () => copied(line, button));
    return make("li", {}, use ? make("span", { class: "soft" }, `${use}:`) : "", make("code", {}, line), button);
  };

  const values = (before, after, added, removed) => {
    if (added.length || removed.length) {
      return [
        ...removed.flatMap((name) => [make("del", {}, name), " "]),
        ...added.flatMap((name) => [make("ins", {}, name), " "]),
      ];
    }
    return [before ? make("del", {}, before) : "", before ? " " : "", after ? make("ins", {}, after) : "(empty)"];
  };

  const difference = (diffs) => {
    const list = make("dl", { class: "diff" });
    for (const [field, before, after, added, removed, why] of diffs) {
      list.append(make("dt", {}, field), make("dd", {}, ...values(before, after, added, removed)));
      if (why) list.append(make("dd", { class: "why" }, why));
    }
    return list;
  };

  const change = (one) => {
    const summary = make("summary", {}, make("span", { class: `badge ${one.what}` }, one.what), one.label, " ",
      make("span", { class: "type" }, `${one.type.toLowerCase()}, ${one.diffs.length} field${one.diffs.length === 1 ? "" : "s"}`));
    const details = make("details", {}, summary);
    details.addEventListener("toggle", () => {
      if (!details.open || details.childElementCount > 1) return;
      if (one.message) details.append(make("p", { class: "note" }, one.message));
      details.append(difference(one.diffs));
      if (one.lines.length) details.append(make("ul", { class: "lines" }, ...one.lines.map((line) => pasteable(...line))));
      details.append(make("p", { class: "where" }, one.key, " ",
        one.href ? make("a", { href: one.href, rel: "noreferrer" }, "open in Stash") : ""));
    });
    return make("li", {}, details);
  };

  const note = (one) => make("li", {},
    make("div", {}, one.label, ": ", one.reason, one.href ? " " : "",
      one.href ? make("a", { href: one.href, rel: "noreferrer" }, "open in Stash") : ""),
    one.where && one.where !== one.label ? make("div", { class: "where" }, one.where) : "",
    make("div", { class: "soft" }, `Next: ${one.step}`),
    one.line ? make("ul", { class: "lines" }, pasteable("", one.line)) : "");

  const show = (list, found, build) => {
    const more = (from) => {
      const parts = found.slice(from, from + PART).map(build);
      const rest = found.length - from - parts.length;
      list.append(...parts);
      if (rest > 0) {
        const button = make("button", { type: "button" }, `Show ${Math.min(PART, rest)} of ${rest} more`);
        const item = make("li", {}, button);
        button.addEventListener("click", () => {
          item.remove();
          more(from + PART);
          parts.at(-1).nextElementSibling?.querySelector("summary, button")?.focus();
        });
        list.append(item);
      }
    };
    list.replaceChildren();
    more(0);
  };

  const texts = new Map();
  const text = (one) => {
    if (!texts.has(one)) texts.set(one, JSON.stringify(Object.values(one)).toLowerCase());
    return texts.get(one);
  };

  const matches = (one) =>
    words.value.toLowerCase().split(/\s+/).every((word) => text(one).includes(word)) &&
    Object.entries(selects).every(([key, select]) => !select.value || one[key] === select.value);

  const refresh = () => {
    let total = 0;
    for (const [name, all] of Object.entries(data)) {
      const found = all.filter(matches);
      total += found.length;
      show(document.querySelector(`#${name} .list`), found, name === "changes" ? change : note);
    }
    count.textContent = `${total} found`;
  };

  for (const [key, select] of Object.entries(selects)) {
    for (const value of new Set(data.changes.map((one) => one[key]))) select.append(make("option", { value }, value));
    select.addEventListener("change", refresh);
  }
  let waiting = 0;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 120);
  });
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  refresh();
})();
