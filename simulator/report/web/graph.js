// The state machine, with what had happened at an instant, or with what was ever reached of it.
import { h } from "preact";
import { useMemo, useState } from "hooks";
import htm from "htm";
import { MARKS, WORDS, statesAt, takenAt } from "drsim/data";
import { place } from "drsim/layout";

const html = htm.bind(h);
const LEAST = 0.68; // of the natural size: below that, names cannot be read, and the graph is scrolled

export function Graph({ machine, scene, at, isCoverage, onPick }) {
  const placed = useMemo(() => place(machine.definition), [machine]);
  const [zoom, setZoom] = useState("auto");
  const shown = useMemo(
    () => (isCoverage || !scene ? reached(machine) : happened(machine, scene, at)),
    [machine, scene, at, isCoverage],
  );
  const countOf = (edge) => shown.taken.get(`${edge.from}\n${edge.to}`) ?? 0;
  const least = zoom === "auto" ? placed.width * LEAST : 0;
  const size = typeof zoom === "number" ? { width: placed.width * zoom, height: placed.height * zoom } : { style: `width:100%;min-width:${least}px;max-width:${placed.width}px;height:auto` };
  const resize = (factor) => setZoom(Math.min(3, Math.max(0.3, (typeof zoom === "number" ? zoom : LEAST) * factor)));
  return html`<div class="canvas" tabindex="0" role="region" aria-label="state machine, scrollable">
      <svg ...${size} viewBox="0 0 ${placed.width} ${placed.height}" role="group" aria-label=${`${machine.machine}: ${summary(placed, shown)}`}>
        ${placed.nodes.filter((node) => node.isFrame).map((node) => html`<${Frame} key=${node.name} node=${node} one=${shown.states.get(node.name)} />`)}
        ${placed.edges.filter((edge) => !edge.isAside || countOf(edge)).map((edge) => html`<${Edge} key=${`${edge.from} ${edge.to}`} edge=${edge} count=${countOf(edge)} />`)}
        ${placed.nodes.filter((node) => !node.isFrame).map((node) => html`<${Node} key=${node.name} node=${node} one=${shown.states.get(node.name)} rules=${shown.rules?.get(node.name)} onPick=${onPick} />`)}
      </svg>
    </div>
    <div class="bar" style="margin:6px 0 0">
      <div class="legend">${["done", "open", "caught", "failed", "idle"].filter((fate) => !isCoverage || fate === "done" || fate === "idle").map((fate) => html`<span><i style=${`background:var(--${COLOURS[fate]});border-color:var(--${COLOURS[fate]}-line)`}></i>${isCoverage && fate === "done" ? "reached" : WORDS[fate]}</span>`)}${isCoverage && html`<span>○ ● retriers, then catchers</span>`}</div>
      <span class="group" role="group" aria-label="size of the graph">
        <button onClick=${() => resize(0.8)} aria-label="smaller">−</button>
        <button onClick=${() => setZoom(zoom === "fit" ? "auto" : "fit")} aria-pressed=${zoom === "fit"}>fit</button>
        <button onClick=${() => resize(1.25)} aria-label="larger">+</button>
      </span>
    </div>`;
}

const COLOURS = { done: "done", open: "now", caught: "caught", failed: "bad", idle: "idle" };

function happened(machine, scene, at) {
  return { states: statesAt(scene, machine.machine, at), taken: takenAt(scene, machine.machine, at) };
}

function reached(machine) {
  const shown = { states: new Map(), taken: new Map(), rules: new Map() };
  for (const { kind, state, target, count, name } of machine.elements) {
    if (kind === "states" && count) shown.states.set(state, { visits: count, open: 0, retries: 0, fate: "done" });
    if (kind === "transitions") shown.taken.set(`${state}\n${target}`, count);
    if (kind === "retriers" || kind === "catchers") shown.rules.set(state, [...(shown.rules.get(state) ?? []), { kind, count, name }]);
  }
  return shown;
}

function summary(placed, shown) {
  const names = (fate) => placed.nodes.filter((node) => (shown.states.get(node.name)?.fate ?? "idle") === fate).map((node) => node.name);
  return ["open", "failed", "caught"].filter((fate) => names(fate).length).map((fate) => `${WORDS[fate]}: ${names(fate).join(", ")}`).join("; ") || `${placed.nodes.length - names("idle").length} of ${placed.nodes.length} states reached`;
}

function Frame({ node, one }) {
  const [left, top] = [node.x - node.width / 2, node.y - node.height / 2];
  return html`<g class=${`frame ${one?.fate ?? "idle"}`}>
    <title>${told(node, one)}</title>
    <rect class="box" x=${left} y=${top} width=${node.width} height=${node.height} rx="8" />
    <text x=${left + 10} y=${top + 16} font-size="11.5">${MARKS[one?.fate ?? "idle"]} ${node.name} · ${node.state.Type}</text>
  </g>`;
}

function Node({ node, one, rules, onPick }) {
  const fate = one?.fate ?? "idle";
  const pick = () => onPick(node.name);
  const onKey = (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), pick());
  const [left, top] = [node.x - node.width / 2, node.y - node.height / 2];
  return html`<g class=${`node ${fate}`} tabindex="0" role="button" aria-label=${told(node, one)} onClick=${pick} onKeyDown=${onKey}>
    <title>${told(node, one)}</title>
    <path class="box" d=${shape(node.state.Type, left, top, node.width, node.height)} />
    <text x=${node.x} y=${node.y + 4} text-anchor="middle" font-size="11.5">${[MARKS[fate], node.name, one?.visits > 1 ? `×${one.visits}` : ""].filter(Boolean).join(" ")}</text>
    ${(rules ?? []).map((rule, index) => html`<circle class=${`rule ${rule.count ? "hit" : ""}`} cx=${left + 9 + index * 9} cy=${top + node.height} r="3.4"><title>${rule.name}: ${rule.count} times</title></circle>`)}
  </g>`;
}

const told = (node, one) => [`${node.name}, ${node.state.Type}: ${WORDS[one?.fate ?? "idle"]}`, one?.open > 1 && `${one.open} at once`, one?.visits > 1 && `${one.visits} visits`, one?.retries && `${one.retries} retries`].filter(Boolean).join(", ");

// Choices have pointed ends, ends are round.
function shape(type, x, y, width, height) {
  const middle = y + height / 2;
  if (type === "Choice") return `M${x} ${middle} L${x + 12} ${y} H${x + width - 12} L${x + width} ${middle} L${x + width - 12} ${y + height} H${x + 12} Z`;
  const radius = type === "Succeed" || type === "Fail" ? height / 2 : 5;
  return `M${x + radius} ${y} H${x + width - radius} a${radius} ${radius} 0 0 1 ${radius} ${radius} V${y + height - radius} a${radius} ${radius} 0 0 1 ${-radius} ${radius} H${x + radius} a${radius} ${radius} 0 0 1 ${-radius} ${-radius} V${y + radius} a${radius} ${radius} 0 0 1 ${radius} ${-radius} Z`;
}

function Edge({ edge, count }) {
  const kind = `${edge.isCatch ? "catch" : ""} ${count ? "taken" : ""}`;
  const points = edge.points;
  const [before, last] = points.slice(-2);
  const angle = Math.atan2(last.y - before.y, last.x - before.x);
  const corner = (turn) => `${last.x - 7 * Math.cos(angle + turn)} ${last.y - 7 * Math.sin(angle + turn)}`;
  return html`<g>
    <title>${edge.from} → ${edge.to}${edge.label ? ` (${edge.label})` : ""}: ${count} times</title>
    <path class=${`edge ${kind}`} d=${curve(points)} />
    <path class=${`tip ${kind}`} d=${`M${last.x} ${last.y} L${corner(0.42)} L${corner(-0.42)} Z`} />
    ${edge.label && html`<text class="edgelabel" x=${edge.x} y=${edge.y + 3} text-anchor="middle">${edge.label}</text>`}
  </g>`;
}

// Through the points, with the corners between them rounded.
function curve(points) {
  const middle = (one, other) => `${(one.x + other.x) / 2} ${(one.y + other.y) / 2}`;
  const inner = points.slice(1, -1).map((point, index) => `Q${point.x} ${point.y} ${index === points.length - 3 ? `${points.at(-1).x} ${points.at(-1).y}` : middle(point, points[index + 2])}`);
  const straight = inner.length ? "" : `L${points.at(-1).x} ${points.at(-1).y}`;
  return `M${points[0].x} ${points[0].y} ${inner.join(" ")} ${straight}`;
}
