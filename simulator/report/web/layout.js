// Where the states of a machine are drawn: each workflow by dagre, those inside of a Map or Parallel first.
import { Graph, layout } from "dagre";

const HEIGHT = 28;
const PAD = 14;
const TITLE = 24;

const widthOf = (name, type) => Math.max(64, name.length * 7 + (type === "Choice" ? 76 : 58));

// The workflows inside of a state.
export function inside(state) {
  if (state.Type === "Parallel") return state.Branches ?? [];
  if (state.Type === "Map") return [state.ItemProcessor ?? state.Iterator].filter(Boolean);
  return [];
}

// {width, height, nodes, edges}; nodes have their middle at x, y. Inner ones come after the state that they are in.
export function place(workflow) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "TB", nodesep: 16, ranksep: 30, edgesep: 8, marginx: 6, marginy: 6 });
  const frames = new Map();
  for (const [name, state] of Object.entries(workflow.States)) {
    const inner = inside(state).map(place);
    if (inner.length) frames.set(name, inner);
    graph.setNode(name, inner.length ? frameSize(name, inner) : { width: widthOf(name, state.Type), height: HEIGHT });
  }
  const edges = edgesOf(workflow);
  const aside = edges.filter((edge) => edge.isCatch && !isNeeded(edge, edges, workflow.StartAt));
  for (const edge of edges.filter((one) => !aside.includes(one))) {
    graph.setEdge(edge.from, edge.to, { ...edge, weight: edge.isCatch ? 0.3 : edge.isNext ? 4 : 2, width: edge.label ? edge.label.length * 5.6 : 0, height: edge.label ? 12 : 0, labelpos: "c" });
  }
  layout(graph);
  const { width, height } = graph.graph();
  const nodes = graph.nodes().flatMap((name) => {
    const node = { name, state: workflow.States[name], ...graph.node(name), isFrame: frames.has(name) };
    return [node, ...(frames.has(name) ? moved(frames.get(name), node) : [])];
  });
  const placed = [
    ...graph.edges().map((edge) => graph.edge(edge)),
    ...aside.map((edge) => ({ ...edge, isAside: true, points: bow(graph.node(edge.from), graph.node(edge.to)) })),
    ...nodes.flatMap((node) => node.innerEdges ?? []),
  ];
  return { width: width || 0, height: height || 0, nodes, edges: placed };
}

// Where every state catches errors, all those edges would pull the graph apart. One is laid out if its target has no other.
function isNeeded(edge, edges, start) {
  return edge.to !== start && edges.find((one) => one.to === edge.to && (!one.isCatch || edges.every((other) => other.to !== edge.to || other.isCatch))) === edge;
}

// From the side of one state to the side of another.
function bow(from, to) {
  const side = to.x >= from.x ? 1 : -1;
  const [start, end] = [{ x: from.x + (side * from.width) / 2, y: from.y }, { x: to.x, y: to.y - (Math.sign(to.y - from.y) * to.height) / 2 }];
  return [start, { x: Math.abs(end.x - start.x) < 20 ? start.x + side * 30 : end.x, y: (start.y + end.y) / 2 }, end];
}

function frameSize(name, inner) {
  const width = inner.reduce((sum, one) => sum + one.width, 0) + PAD * (inner.length - 1);
  return { width: Math.max(width, widthOf(name) + 60) + 2 * PAD, height: Math.max(...inner.map((one) => one.height)) + TITLE + PAD };
}

// What is inside of a frame, moved to where the frame is.
function moved(inner, frame) {
  let left = frame.x - (inner.reduce((sum, one) => sum + one.width, 0) + PAD * (inner.length - 1)) / 2;
  const top = frame.y - frame.height / 2 + TITLE;
  frame.innerEdges = [];
  return inner.flatMap((one) => {
    const [dx, dy] = [left, top];
    left += one.width + PAD;
    const shift = (point) => ({ ...point, x: point.x + dx, y: point.y + dy });
    frame.innerEdges.push(...one.edges.map((edge) => ({ ...edge, ...(edge.x === undefined ? {} : shift({ x: edge.x, y: edge.y })), points: edge.points.map(shift) })));
    return one.nodes.map((node) => ({ ...shift(node), innerEdges: undefined }));
  });
}

// One edge for each pair of states, whatever leads from one to the other.
export function edgesOf(workflow) {
  const edges = new Map();
  const add = (from, to, isCatch, isNext, label) => {
    if (!(to in workflow.States)) return;
    const known = edges.get(`${from}\n${to}`);
    if (!known) return edges.set(`${from}\n${to}`, { from, to, isCatch, isNext, label });
    known.isCatch &&= isCatch;
    known.isNext ||= isNext;
    known.label = known.label && label && known.label !== label ? `${known.label}, ${label}` : known.label || label;
  };
  for (const [name, state] of Object.entries(workflow.States)) {
    if (state.Next) add(name, state.Next, false, true, "");
    (state.Choices ?? []).forEach((rule, index) => add(name, rule.Next, false, false, condition(rule, index)));
    if (state.Default) add(name, state.Default, false, false, "default");
    for (const rule of state.Catch ?? []) add(name, rule.Next, true, false, "");
  }
  return [...edges.values()];
}

// A rule in a few letters: what it compares with.
function condition(rule, index) {
  const operator = Object.keys(rule).find((key) => /Equals|Matches|LessThan|GreaterThan|^Is/.test(key));
  const value = operator === undefined ? null : rule[operator];
  const text = value === null || operator.endsWith("Path") ? `rule ${index + 1}` : /^Is/.test(operator) ? `${value ? "" : "not "}${operator.slice(2).toLowerCase()}` : String(value);
  return text.length > 22 ? `rule ${index + 1}` : text;
}
