#include "cli/report/report_page.hpp"

namespace perftune {

const char* const report_style = R"css(
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#5b6570;--line:#d9dee3;--mem:#0f766e;--peak:#9a3412;
 --pt:#1d4ed8;--bad:#c8102e;--bg:#fff;--tint:#f3f5f7}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--dim:#9aa4ae;--line:#333a41;--mem:#5eead4;
 --peak:#fdba74;--pt:#93b4ff;--bad:#ff6b7d;--bg:#14171a;--tint:#1d2227}}
*{box-sizing:border-box}
body{margin:0 auto;padding:16px;max-width:1240px;background:var(--bg);color:var(--ink);
 font:15px/1.45 system-ui,sans-serif}
h1{font-size:22px;margin:0}h2{font-size:17px;margin:22px 0 6px}
p{margin:4px 0 10px}.dim{color:var(--dim)}.num{text-align:right;font-variant-numeric:tabular-nums}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--dim);font-size:13px;align-items:center}
.legend span{white-space:nowrap}.legend svg{width:30px;height:16px;vertical-align:middle}
.charts{display:grid;gap:10px 24px;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}
figure{margin:0;max-width:820px}figcaption{font-weight:600;margin:6px 0}
svg.roofline{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .tick,svg .axis{fill:var(--dim)}
svg .label{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
.point{cursor:pointer;outline:none}
.point:focus circle,.point:hover circle,.point.lit circle{stroke:var(--ink);stroke-width:3}
.point:focus-visible{outline:2px solid var(--ink);outline-offset:4px}
.point.hidden{display:none}.part.hidden{display:inline;opacity:.25}
svg.suite{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
details{margin:6px 0 14px}summary{cursor:pointer;color:var(--dim)}section h2{overflow-wrap:anywhere}
.bar{display:flex;gap:10px;align-items:center;flex-wrap:wrap;margin:6px 0}
input{font:inherit;padding:7px 10px;width:min(100%,340px);border:1px solid var(--dim);border-radius:6px;
 background:var(--bg);color:var(--ink)}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th.num,td.num{text-align:right}
td{white-space:nowrap}td.wide{white-space:normal;min-width:260px}
th{background:var(--tint);white-space:nowrap}
th button{all:unset;cursor:pointer;font-weight:600}
th button:focus-visible,tr:focus-visible,td button:focus-visible,dialog button:focus-visible{outline:2px solid var(--pt)}
th[aria-sort=ascending] button::after{content:" \25B2"}th[aria-sort=descending] button::after{content:" \25BC"}
td button{all:unset;cursor:pointer;color:var(--pt);text-decoration:underline}
tr.lit td{background:var(--tint)}tr.impossible td{color:var(--bad)}
#tip{position:fixed;display:none;pointer-events:none;max-width:min(340px,90vw);padding:8px 10px;border-radius:6px;
 background:var(--tint);border:1px solid var(--dim);font-size:13px;white-space:pre-line;overflow-wrap:anywhere;z-index:2}
dialog{width:min(900px,94vw);max-height:88vh;border:1px solid var(--dim);border-radius:8px;
 background:var(--bg);color:var(--ink);padding:16px}
dialog::backdrop{background:rgba(0,0,0,.45)}
dialog header{display:flex;justify-content:space-between;gap:12px;align-items:start}
dialog h2{margin:0;overflow-wrap:anywhere}
dialog header button{font:inherit;padding:4px 12px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:10px 0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere;white-space:pre-line}
pre{background:var(--tint);padding:10px;border-radius:6px;overflow:auto;max-height:46vh;font-size:12.5px}
@media(max-width:600px){body{padding:12px}svg.suite{font-size:21px;min-width:560px}section{overflow-x:auto}svg.roofline{font-size:21px}svg.roofline .point circle{r:9px}
 svg.roofline .axis{font-size:19px}dl{grid-template-columns:1fr}dt{margin-top:6px}}
)css";

// Everything that the store says enters the page as text, never as markup.
const char* const report_script = R"js("use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const table = document.getElementById("kernels");
const rows = [...table.querySelectorAll("tbody tr")];
const points = [...document.querySelectorAll(".point[data-row]")];
const tip = document.getElementById("tip"), box = document.getElementById("detail");
const byRow = new Map();
for (const e of [...rows, ...points]) {
  const i = +e.dataset.row;
  if (!byRow.has(i)) byRow.set(i, []);
  byRow.get(i).push(e);
}
function light(i, on) { for (const e of byRow.get(i)) e.classList.toggle("lit", on); }
function showTip(i, x, y) {
  const k = data.kernels[i];
  tip.textContent = [k.title, k.time, k.before, k.reach, k.limiter && "limited by " + k.limiter, k.flag || k.note]
    .filter(Boolean).join("\n");
  tip.style.display = "block";
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8)) + "px";
  tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - tip.offsetHeight - 8)) + "px";
}
function hideTip() { tip.style.display = "none"; }
function showDetail(i) {
  hideTip();
  const k = data.kernels[i], list = document.getElementById("facts");
  document.getElementById("title").textContent = k.title;
  list.replaceChildren();
  for (const [name, value] of k.facts) {
    if (!value) continue;
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    list.append(dt, dd);
  }
  document.getElementById("source").textContent = data.sources[k.kernel] || "The store has no source of it.";
  box.showModal();
}
for (const p of points) {
  const i = +p.dataset.row;
  p.querySelector("title").remove();  // the tip says more; aria-label stays
  p.addEventListener("mousemove", e => { light(i, true); showTip(i, e.clientX, e.clientY); });
  p.addEventListener("mouseleave", () => { light(i, false); hideTip(); });
  p.addEventListener("focus", () => {
    const r = p.getBoundingClientRect();
    light(i, true);
    showTip(i, r.right, r.bottom);
  });
  p.addEventListener("blur", () => { light(i, false); hideTip(); });
  p.addEventListener("click", () => showDetail(i));
  p.addEventListener("keydown", e => {
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); showDetail(i); }
  });
}
for (const r of rows) {
  const i = +r.dataset.row;
  r.addEventListener("mouseenter", () => light(i, true));
  r.addEventListener("mouseleave", () => light(i, false));
  r.querySelector("button").addEventListener("click", () => showDetail(i));
}
document.getElementById("close").addEventListener("click", () => box.close());
box.addEventListener("click", e => { if (e.target === box) box.close(); });
const count = document.getElementById("count");
const texts = rows.map(r => r.textContent.toLowerCase());
function filter(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((r, n) => {
    const hit = words.every(w => texts[n].includes(w));
    shown += hit;
    r.hidden = !hit;
    for (const e of byRow.get(+r.dataset.row)) e.classList.toggle("hidden", !hit);
  });
  count.textContent = shown + " of " + rows.length;
}
const input = document.getElementById("filter");
input.addEventListener("input", () => filter(input.value));
filter("");
const body = table.querySelector("tbody"), heads = [...table.querySelectorAll("th")];
heads.forEach((th, column) => th.querySelector("button").addEventListener("click", () => {
  const down = th.getAttribute("aria-sort") !== "descending";
  for (const h of heads) h.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = r => r.cells[column].dataset.value;
  const numeric = th.classList.contains("num");
  const order = rows.slice().sort((a, b) => numeric ? +key(a) - +key(b) : key(a).localeCompare(key(b)));
  if (down) order.reverse();
  body.append(...order);
}));
)js";

}  // namespace perftune
