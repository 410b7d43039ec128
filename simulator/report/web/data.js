// What the page was given, and how times read.

export const report = JSON.parse(document.getElementById("report").textContent);

// Each run's scene is compressed, and read when it is first shown.
export async function sceneOf(index) {
  const packed = document.getElementById(`run-${index}`);
  if (!packed) return null;
  const bytes = Uint8Array.from(atob(packed.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

export function clock(ms, isExact = false) {
  if (ms === null || ms === undefined) return "–";
  const whole = Math.floor(Math.abs(ms) / 1000);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  const rest = isExact && ms % 1000 ? `.${String(Math.abs(ms) % 1000).padStart(3, "0")}` : "";
  return (ms < 0 ? "-" : "") + (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(seconds)}${rest}`;
}

// Round instants for an axis: about one for each `apart` pixels.
export function ticks(endMs, width, apart = 90) {
  const steps = [1, 5, 10, 30, 60, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800].map((s) => s * 1000);
  const wanted = endMs / Math.max(1, width / apart);
  const step = steps.find((one) => one >= wanted) ?? Math.ceil(wanted / 604800000) * 604800000;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
}

// What was going on in each state of a machine at an instant.
export function statesAt(scene, machine, at) {
  const states = new Map();
  for (const [name, state, from, to, fate, retries] of scene.visits) {
    if (name !== machine || from > at) continue;
    const one = states.get(state) ?? { visits: 0, open: 0, retries: 0, fate: "idle" };
    one.visits += 1;
    one.retries += retries;
    const isOpen = to === null || to > at;
    if (isOpen) one.open += 1;
    else one.fate = fate === "open" ? "done" : fate;
    states.set(state, one);
  }
  for (const one of states.values()) if (one.open) one.fate = "open";
  return states;
}

export function takenAt(scene, machine, at) {
  const taken = new Map();
  for (const [name, from, to, when] of scene.transitions) {
    if (name === machine && when <= at) taken.set(`${from}\n${to}`, (taken.get(`${from}\n${to}`) ?? 0) + 1);
  }
  return taken;
}

export const MARKS = { idle: "", done: "✓", open: "◐", caught: "!", failed: "✗" };
export const WORDS = { idle: "not reached", done: "done", open: "under way", caught: "caught an error", failed: "failed" };
