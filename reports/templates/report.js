"use strict";
(function () {
  const LEVELS = ["none", "low", "medium", "high", "blocked"];
  const PAGE = 60;
  const cache = new Map();

  // Data stands in blocks that are parsed when somebody looks at them.
  function block(name) {
    if (!cache.has(name)) {
      const element = document.getElementById("data-" + name);
      cache.set(name, element ? JSON.parse(element.textContent) : null);
    }
    return cache.get(name);
  }
  const data = block("overview");
  const [FINDINGS, HOSTS, INGRESSES] = data.sizes;
  // What says nothing is left out of the data.
  const EMPTY = { findings: [], old: [], new: [], assumptions: [], ledger: [], reason: "" };
  const piece = (letter, size) => (at) => ({ ...EMPTY, ...block(letter + Math.floor(at / size))[at % size] });
  const hostDetail = piece("h", HOSTS);
  const ingressDetail = piece("i", INGRESSES);
  function finding(at) {
    const { steps, items } = block("f" + Math.floor(at / FINDINGS));
    const item = items[at % FINDINGS];
    for (const side of item.witness ? [item.witness.old, item.witness.new] : []) {
      side.steps = (side.steps || []).map((step) => (typeof step === "number" ? steps[step] : step));
    }
    return item;
  }
  const counted = (count, one, many) => count + " " + (count === 1 ? one : many);
  const hosts = data.hosts.map((row, at) => ({
    at, name: row[0], level: row[1], reason: row[2], verdict: row[3], size: row[4], namespaces: row[5], owners: row[6], wave: row[7],
    ingresses: row[8], rules: row[9], cluster: data.clusters[row[10]] || "",
  }));
  const ingresses = data.ingresses.map((row, at) => ({
    at, namespace: row[0], name: row[1], level: row[2], served: row[3], owner: row[4], hosts: row[5], annotations: row[6],
  }));
  // Ingresses that serve no host stand together behind the hosts, so that search and filters find them and what became of them.
  for (const [level, rules, list, cluster] of data.left) {
    const of = list.map((at) => ingresses[at]);
    hosts.push({
      at: hosts.length, left: true, name: "no host", level, reason: counted(list.length, "Ingress serves", "Ingresses serve") + " no host.", verdict: "not served",
      size: 0, namespaces: [...new Set(of.map((row) => row.namespace))], owners: [...new Set(of.map((row) => row.owner).filter(Boolean))], wave: 0,
      ingresses: list, rules, cluster: data.clusters[cluster] || "",
    });
  }
  // What counts as a host: neither those, nor the rest of the world where no Ingress has routes for it.
  const isHost = (host) => !host.left && host.ingresses.length > 0;
  const called = (host) => host.name + (host.cluster ? " (" + host.cluster + ")" : "");
  const ruleOf = new Map(data.rules.map((rule, at) => [rule.code, at]));

  // Elements are made, never parsed: a text stays a text whatever stands in it.
  function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : String(child));
    }
    return element;
  }
  // What stands between two backticks is code.
  function rich(text) {
    const parts = String(text).split("`");
    return parts.map((part, at) => (at % 2 === 1 && at + 1 < parts.length ? h("code", {}, part) : at % 2 === 1 ? "`" + part : part));
  }
  const chip = (word) => h("span", { class: "chip r-" + word }, word);
  const dot = (word) => h("i", { class: "dot r-" + word, title: word });

  // ---- state and filters ----
  const state = { q: "", cluster: "", namespace: "", annotation: "", code: "", codes: [], impact: "", wave: 0, risks: new Set() };
  const $ = (id) => document.getElementById(id);
  const finds = (text) => !state.q || state.q.split(/\s+/).every((word) => text.includes(word));
  const haystack = (host) => {
    if (host.text === undefined) {
      const names = host.ingresses.map((at) => ingresses[at].namespace + "/" + ingresses[at].name);
      host.text = [host.name, host.cluster, host.reason, host.verdict, ...host.owners, ...names].join(" ").toLowerCase();
    }
    return host.text;
  };
  function takes(host) {
    if (state.risks.size && !state.risks.has(host.level)) return false;
    if (state.cluster && host.cluster !== state.cluster) return false;
    if (state.namespace && !host.namespaces.includes(state.namespace)) return false;
    if (state.wave && host.wave !== state.wave) return false;
    if (state.code && !host.rules.includes(ruleOf.get(state.code))) return false;
    if (state.codes.length && !state.codes.some((code) => host.rules.includes(ruleOf.get(code)))) return false;
    if (state.impact && !host.rules.some((rule) => impactOf(rule) === state.impact)) return false;
    if (state.annotation !== "" && !host.ingresses.some((at) => ingresses[at].annotations.includes(state.annotation))) return false;
    return finds(haystack(host));
  }
  const impacts = new Map(data.actions.map((action) => [action.code, action.impact]));
  const impactOf = (rule) => impacts.get(data.rules[rule].code);

  let visible = [];
  let drawn = 0;
  const order = hosts.slice().sort((one, other) => other.level - one.level || other.size - one.size || one.at - other.at);

  function apply() {
    visible = order.filter(takes);
    drawn = 0;
    $("list").replaceChildren();
    more(PAGE);
    if (!visible.length) $("list").append(h("p", { class: "empty" }, hosts.length ? "No host fits these filters." : "No host is served."));
    const extra = [
      state.impact && "touched by “" + (data.impacts.find((row) => row[0] === state.impact) || ["", state.impact])[1] + "”",
      state.wave && "of wave " + state.wave,
      state.codes.length && "with one of " + state.codes.length + " kinds of findings",
    ].filter(Boolean);
    $("shown").textContent = counted(visible.filter(isHost).length, "host", "hosts") + " of " + hosts.filter(isHost).length + (extra.length ? ", " + extra.join(", ") : "");
    refresh();
    for (const button of $("by-risk").children) button.setAttribute("aria-pressed", state.risks.has(Number(button.dataset.level)));
  }
  function set(changes, jump) {
    Object.assign(state, changes);
    $("q").value = state.q;
    if ($("by-cluster")) $("by-cluster").value = state.cluster;
    $("by-namespace").value = state.namespace;
    $("by-annotation").value = state.annotation;
    $("by-code").value = state.code;
    apply();
    if (jump) $("hosts").scrollIntoView();
  }
  const CLEAR = () => ({ q: "", cluster: "", namespace: "", annotation: "", code: "", codes: [], impact: "", wave: 0, risks: new Set() });

  // ---- the list of hosts, drawn as far as somebody scrolls ----
  function more(count) {
    const rows = visible.slice(drawn, drawn + count).map(hostRow);
    drawn += rows.length;
    $("list").append(...rows);
  }
  function hostRow(host) {
    const level = LEVELS[host.level];
    const button = h("button", { type: "button", class: "row", "aria-expanded": "false", "data-at": host.at },
      h("span", {}, chip(level)), h("span", { class: "name" }, host.name === "*" ? "* (every other host)" : host.name, host.cluster && h("span", { class: "of" }, host.cluster)), h("span", { class: "why" }, host.reason),
      h("span", { class: "small" }, host.verdict), h("span", { class: "small routes" }, host.left ? "" : counted(host.size, "route", "routes")),
      h("span", { class: "small wave-no" }, host.wave ? "wave " + host.wave : ""));
    const article = h("article", { class: "host" }, button);
    button.addEventListener("click", () => toggle(article, button, host));
    return article;
  }
  function toggle(article, button, host) {
    const open = article.classList.toggle("open");
    button.setAttribute("aria-expanded", String(open));
    if (open) article.append(detail(host));
    else article.querySelector(".detail").remove();
  }
  function show(host) {
    if (!takes(host)) set(CLEAR());
    while (!$("list").querySelector('.row[data-at="' + host.at + '"]') && drawn < visible.length) more(PAGE);
    const row = $("list").querySelector('.row[data-at="' + host.at + '"]');
    if (!row) return;
    if (row.getAttribute("aria-expanded") === "false") row.click();
    row.focus({ preventScroll: true });
    row.scrollIntoView();
    history.replaceState(null, "", "#host=" + encodeURIComponent(called(host)));
  }

  // Of the Ingresses without a host those that fit the filters.
  function leftOf(host) {
    const fits = (row) => (!state.namespace || row.namespace === state.namespace) && (state.annotation === "" || row.annotations.includes(state.annotation)) &&
      finds([row.namespace + "/" + row.name, row.owner, host.name, host.cluster, host.reason, host.verdict].join(" ").toLowerCase());
    const all = host.ingresses.map((at) => ingresses[at]);
    const some = all.filter(fits);
    return some.length ? some : all;
  }

  // ---- a host ----
  function detail(host) {
    if (host.left) return h("div", { class: "detail" }, pages(leftOf(host), ingressBox, 25));
    const own = hostDetail(host.at);
    const items = own.findings.map(finding);
    const differing = items.filter((item) => item.witness);
    const open = items.filter((item) => !item.witness && item.code.startsWith("undecided/"));
    const others = items.filter((item) => !item.witness && !item.code.startsWith("undecided/"));
    const box = h("div", { class: "detail" });
    const section = (title, list) => {
      if (!list.length) return;
      box.append(h("h3", {}, title, h("span", { class: "count" }, list.length)));
      box.append(pages(list, (item) => itemBox(item, host)));
    };
    section("Requests that are treated differently", differing);
    section("What else was found", others);
    section("Not decided", open);
    if (!items.length) box.append(h("h3", {}, host.reason));
    box.append(h("h3", {}, "Routes before and after"),
      h("div", { class: "sides" }, side("ingress-nginx", own.old, false), side("Gateway API", own.new, true)));
    if (host.ingresses.length) {
      box.append(h("h3", {}, "Ingresses and what becomes of each annotation", h("span", { class: "count" }, host.ingresses.length)));
      for (const at of host.ingresses) box.append(ingressBox(ingresses[at]));
    }
    if (own.assumptions.length) box.append(h("p", { class: "note" }, "Assuming that " + own.assumptions.join("; ") + "."));
    return box;
  }
  function pages(list, make, size = 12) {
    const box = h("div", {});
    let at = 0;
    const button = h("button", { type: "button", class: "quiet rest" });
    const next = () => {
      box.append(...list.slice(at, at + size).map(make));
      at += size;
      button.remove();
      if (at < list.length) {
        button.textContent = "Show " + Math.min(size, list.length - at) + " of " + (list.length - at) + " more";
        box.append(button);
      }
    };
    button.addEventListener("click", next);
    next();
    return box;
  }
  function side(title, routes, isNew) {
    const rows = routes.map((route) => h("tr", {},
      h("td", { class: "mono" }, route.path, route.when && h("span", { class: "sub" }, "when " + route.when)),
      h("td", {}, h("span", { class: "mono" }, route.to), route.notes && h("span", { class: "sub" }, route.notes)),
      h("td", { class: "small" }, isNew ? route.ports : route.from)));
    const head = h("tr", {}, h("th", {}, "path"), h("th", {}, "goes to"), h("th", {}, isNew ? "ports" : "Ingress"));
    return h("div", {}, h("h4", {}, title), routes.length
      ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows)))
      : h("p", { class: "note" }, "No route."));
  }
  function where(item) {
    const parts = [data.clusters[item.cluster], item.object, item.field, item.file && item.file + (item.line ? ":" + item.line : "")].filter(Boolean);
    return parts.length ? h("p", { class: "where" }, parts.join(" · ")) : null;
  }
  function itemBox(item, host) {
    const rule = data.rules[ruleOf.get(item.code)] || {};
    const witness = item.witness;
    const box = h("div", { class: "item" + (item.accepted ? " accepted" : "") },
      h("div", { class: "top" }, chip(item.severity), h("div", { class: "what" }, rich(item.message)),
        item.known && h("span", { class: "tag" }, "known"), item.accepted && h("span", { class: "tag" }, "accepted"), h("span", { class: "tag mono" }, item.code)),
      !host && item.host ? h("p", { class: "where" }, "host " + item.host) : null, where(item));
    if (witness) {
      box.append(h("div", { class: "flow" }, h("div", {}, h("b", {}, "today"), rich(witness.old.outcome)), h("div", {}, h("b", {}, "after the move"), rich(witness.new.outcome))));
      if (witness.curl) box.append(tryLine(witness.curl));
    }
    const steps = witness ? witness.old.steps.length + witness.new.steps.length : 0;
    box.append(h("details", {}, h("summary", {}, steps ? "Why, and what to do" : "What to do"), h("div", {},
      rule.why && h("p", { class: "where" }, rich(rule.why)), h("p", {}, rich(item.advice || rule.advice || "")),
      witness && witness.region && h("p", { class: "where" }, "The same for ", rich(witness.region)),
      item.accepted && h("p", { class: "where" }, "Accepted: " + item.accepted),
      steps ? h("div", { class: "sides" }, trace("ingress-nginx", witness.old.steps), trace("Gateway API", witness.new.steps)) : null)));
    return box;
  }
  const trace = (title, steps) => h("div", {}, h("h4", {}, title), h("ol", { class: "steps" }, steps.map((step) => h("li", {}, rich(step)))));
  function tryLine(text) {
    const button = h("button", { type: "button", class: "quiet" }, "Copy");
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
      catch { const range = document.createRange(); range.selectNodeContents(button.previousSibling); getSelection().removeAllRanges(); getSelection().addRange(range); }
    });
    return h("div", { class: "try" }, h("code", { tabindex: "0" }, text), button);
  }
  function ingressBox(ingress) {
    const head = [dot(LEVELS[ingress.level]), h("span", { class: "grow" }, ingress.namespace + "/" + ingress.name),
      ingress.owner && h("span", { class: "tag" }, ingress.owner), !ingress.served && h("span", { class: "tag" }, "not served")];
    return lazyBlock(head, () => {
      const own = ingressDetail(ingress.at);
      const rows = own.ledger.map((entry) => h("tr", {}, h("td", { class: "mono" }, entry.field), h("td", { class: "mono" }, entry.value),
        h("td", { class: "set-" + entry.settlement }, SETTLED[entry.settlement] || entry.settlement, entry.why && h("span", { class: "sub" }, entry.why),
          (entry.codes || []).map((code) => h("span", { class: "sub" }, (data.rules[ruleOf.get(code)] || { title: code }).title))),
        h("td", { class: "small" }, entry.line || "")));
      const items = own.findings.map(finding).filter((item) => !item.witness);
      return [h("p", { class: "note" }, own.reason + (own.file ? " " + own.file + (own.line ? ":" + own.line : "") : "")),
        h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, ["annotation or field", "value", "what becomes of it", "line"].map((text) => h("th", {}, text)))), h("tbody", {}, rows))),
        items.length ? h("h4", {}, "Findings") : null, items.length ? pages(items, (item) => itemBox(item, null), 6) : null];
    });
  }
  const SETTLED = {
    exact: "kept", policy: "kept by a policy", differs: "kept, with a difference", "no-effect": "without effect today", unmappable: "not converted", unknown: "not known",
  };

  // ---- the map ----
  function squarify(items, box, place) {
    // Rows of a treemap: as long as another item makes the worst side of the row better, it is added (Bruls, Huizing, van Wijk).
    let { x, y, w, h: height } = box;
    let rest = items.slice();
    let total = rest.reduce((sum, item) => sum + item.area, 0);
    while (rest.length) {
      const along = Math.min(w, height);
      const scale = total > 0 ? (w * height) / total : 0;
      let row = [];
      let sum = 0;
      let worst = Infinity;
      for (const item of rest) {
        const next = sum + item.area * scale;
        const thick = next / along || 1;
        let bad = 0;
        for (const one of [...row, item]) { const long = (one.area * scale) / thick || 1; bad = Math.max(bad, long / thick, thick / long); }
        if (row.length && bad > worst) break;
        row.push(item); sum = next; worst = bad;
        if (row.length > 400) break;
      }
      const thick = along > 0 ? sum / along : 0;
      let at = 0;
      for (const item of row) {
        const long = thick > 0 ? (item.area * scale) / thick : 0;
        if (w >= height) place(item, x, y + at, thick, long); else place(item, x + at, y, long, thick);
        at += long;
      }
      if (w >= height) { x += thick; w -= thick; } else { y += thick; height -= thick; }
      rest = rest.slice(row.length);
      total -= row.reduce((all, item) => all + item.area, 0);
    }
  }
  function drawMap() {
    const box = $("treemap");
    const width = box.clientWidth;
    const height = Math.round(Math.max(130, Math.min(hosts.length > 600 ? 560 : 420, 90 + Math.sqrt(hosts.length) * 34)));
    box.style.height = height + "px";
    const groups = new Map();
    for (const host of order.filter((one) => !one.left)) {
      const namespace = host.namespaces.length > 1 ? "several namespaces" : host.namespaces[0] || "no route";
      const name = host.cluster ? host.cluster + ": " + namespace : namespace;
      if (!groups.has(name)) groups.set(name, { name, hosts: [], area: 0 });
      const group = groups.get(name);
      const cell = { host, area: 1 + Math.sqrt(host.size) };
      group.hosts.push(cell);
      group.area += cell.area;
    }
    const list = [...groups.values()].sort((one, other) => other.area - one.area);
    const titles = list.length <= 60;
    const cells = [];
    squarify(list, { x: 0, y: 0, w: width, h: height }, (group, x, y, w, h0) => {
      const title = titles && w > 46 && h0 > 34 ? 17 : 0;
      const inner = { x: x + 1, y: y + 1 + title, w: Math.max(0, w - 3), h: Math.max(0, h0 - 3 - title) };
      if (title) {
        const label = h("div", { class: "group" }, group.name);
        put(label, x + 1, y + 1, w - 4, 16);
        cells.push(label);
      }
      squarify(group.hosts, inner, (cell, cx, cy, cw, ch) => {
        const level = LEVELS[cell.host.level];
        const small = cw < 54 || ch < 22;
        const button = h("button", {
          type: "button", class: "r-" + level + (small ? " tiny" : ""), "data-at": cell.host.at, tabindex: "-1",
          title: called(cell.host) + " · " + level + " · " + counted(cell.host.size, "route", "routes") + "\n" + cell.host.reason,
          "aria-label": called(cell.host) + ", risk " + level + ", " + counted(cell.host.size, "route", "routes"),
        }, small ? null : h("span", {}, cell.host.name === "*" ? "every other host" : cell.host.name), !small && ch > 40 ? h("span", {}, counted(cell.host.size, "route", "routes")) : null);
        put(button, cx, cy, Math.max(1, cw - 1.5), Math.max(1, ch - 1.5));
        cells.push(button);
      });
    });
    box.replaceChildren(...cells);
    const first = box.querySelector("button");
    if (first) first.tabIndex = 0;
  }
  function put(element, x, y, w, height) {
    const style = element.style;
    style.left = x.toFixed(1) + "px"; style.top = y.toFixed(1) + "px"; style.width = w.toFixed(1) + "px"; style.height = height.toFixed(1) + "px";
  }
  $("treemap").addEventListener("click", (event) => {
    const cell = event.target.closest("button");
    if (cell) show(hosts[Number(cell.dataset.at)]);
  });
  $("treemap").addEventListener("keydown", (event) => {
    const cell = event.target.closest("button");
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!cell) return;
    const all = [...$("treemap").querySelectorAll("button")];
    let next = null;
    if (step) next = all[(all.indexOf(cell) + step + all.length) % all.length];
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all[all.length - 1];
    if (!next) return;
    event.preventDefault();
    cell.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // ---- lists by name, and rules ----
  function lazyBlock(summary, body) {
    const box = h("details", { class: "block" }, h("summary", {}, summary));
    box.fill = () => { if (!box.querySelector(".body")) box.append(h("div", { class: "body" }, body())); };
    box.addEventListener("toggle", () => box.open && box.fill());
    return box;
  }
  function drawLists() {
    $("flags").append(...data.flags.map((flag) => lazyBlock(
      [h("span", { class: "grow" }, flag.title), h("span", { class: "count" }, flag.findings.length ? counted(flag.findings.length, "finding", "findings") : "none")],
      () => flag.findings.length ? pages(flag.findings, (at) => itemBox(finding(at), null), 15) : h("p", { class: "note" }, "Nothing of this kind was found."))));
    const of = data.rules.map(() => []);
    data.of.forEach((rule, at) => of[rule] && of[rule].push(at));
    const worst = { blocked: 4, high: 3, medium: 2, low: 1, info: 0 };
    const rules = data.rules.map((rule, at) => ({ rule, at })).filter(({ rule }) => rule.findings > 0)
      .sort((one, other) => worst[other.rule.severity] - worst[one.rule.severity] || other.rule.findings - one.rule.findings);
    $("rules").append(...rules.map(({ rule, at }) => lazyBlock(
      [chip(rule.severity), h("span", { class: "grow" }, rule.title), h("code", {}, rule.code), h("span", { class: "count" }, rule.findings + "×")],
      () => [h("p", {}, rich(rule.why)), h("p", { class: "note" }, rich((of[at].length && finding(of[at][0]).advice) || rule.advice)), pages(of[at], (one) => itemBox(finding(one), null), 15)])));
    if (!rules.length) $("rules").append(h("p", { class: "empty" }, "Nothing was found."));
  }

  // ---- wiring ----
  function option(select, value, text) { select.append(h("option", { value }, text)); }
  if ($("by-cluster")) {
    for (const name of data.clusters) option($("by-cluster"), name, name);
    $("by-cluster").addEventListener("change", (event) => { state.cluster = event.target.value; apply(); });
  }
  for (const name of data.namespaces) option($("by-namespace"), name, name);
  data.annotations.forEach((name, at) => option($("by-annotation"), String(at), name.replace(/^nginx\.ingress\.kubernetes\.io\//, "")));
  for (const action of data.actions) option($("by-code"), action.code, action.title);
  [4, 3, 2, 1, 0].forEach((level) => {
    $("by-risk").append(h("button", { type: "button", "data-level": level, "aria-pressed": "false", onclick: () => {
      if (!state.risks.delete(level)) state.risks.add(level);
      apply();
    } }, dot(LEVELS[level]), LEVELS[level]));
  });
  let timer = 0;
  $("q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { state.q = $("q").value.trim().toLowerCase(); apply(); }, 120); });
  $("by-namespace").addEventListener("change", (event) => { state.namespace = event.target.value; apply(); });
  $("by-annotation").addEventListener("change", (event) => { state.annotation = event.target.value === "" ? "" : Number(event.target.value); apply(); });
  $("by-code").addEventListener("change", (event) => { state.code = event.target.value; apply(); });
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("filters").addEventListener("reset", (event) => { event.preventDefault(); set(CLEAR()); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-risk],[data-impact],[data-cluster],[data-namespace],[data-text],[data-codes],[data-wave]");
    if (!button || button.closest("#hosts")) return;
    const { risk, impact, cluster, namespace, text, codes, wave } = button.dataset;
    const changes = CLEAR();
    if (risk) changes.risks = new Set([LEVELS.indexOf(risk)]);
    if (impact) changes.impact = impact;
    if (cluster) changes.cluster = cluster;
    if (namespace) changes.namespace = namespace;
    if (text) changes.q = text.toLowerCase();
    if (codes && codes.includes(" ")) changes.codes = codes.split(" ");
    else if (codes) changes.code = codes;
    if (wave) changes.wave = Number(wave);
    set(changes, true);
  });
  for (const element of document.querySelectorAll("[data-grow]")) element.style.flexGrow = element.dataset.grow;
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { $("theme").textContent = dark() ? "Light" : "Dark"; };
  $("theme").addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); $("q").focus(); }
    if (event.key === "Escape" && document.activeElement === $("q")) set(CLEAR());
  });
  new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting) && drawn < visible.length) more(PAGE); }, { rootMargin: "600px" }).observe($("sentinel"));
  // Nobody can open anything on paper.
  let opened = [];
  addEventListener("beforeprint", () => {
    if (drawn < Math.min(visible.length, 1000)) more(1000 - drawn);
    for (let closed; (closed = [...document.querySelectorAll("details:not([open])")]).length; ) {
      for (const box of closed) { if (box.fill) box.fill(); box.open = true; opened.push(box); }
    }
  });
  addEventListener("afterprint", () => { for (const box of opened) box.open = false; opened = []; });
  let seen = 0;
  new ResizeObserver(() => { const width = $("treemap").clientWidth; if (width !== seen) { seen = width; drawMap(); refresh(); } }).observe($("treemap"));
  function refresh() {
    const kept = new Set(visible.map((host) => host.at));
    for (const cell of $("treemap").querySelectorAll("button")) cell.classList.toggle("out", !kept.has(Number(cell.dataset.at)));
  }
  drawLists();
  seen = $("treemap").clientWidth;
  drawMap();
  apply();
  const wanted = /^#host=(.*)$/.exec(location.hash);
  if (wanted) { const host = hosts.find((one) => called(one) === decodeURIComponent(wanted[1])); if (host) show(host); }
  document.documentElement.dataset.ready = "true";
})();
