// Servers by wave, phase by phase, with the objective, faults and operators, and the instant that is looked at.
import { h } from "preact";
import { useEffect, useMemo, useRef, useState } from "hooks";
import htm from "htm";
import { clock, ticks } from "drsim/data";

const html = htm.bind(h);
const PHASES = ["pending", "snapshot", "conversion", "launch", "launched", "failed"];
const LABELS = 118;
const RIGHT = 24;
const HEAD = 40;
const TOP = 4;

export function Timeline({ run, scene, at, onMove }) {
  const [box, width] = useWidth();
  const rows = useMemo(() => rowsOf(run.waves), [run]);
  const height = rows.length > 60 ? 11 : rows.length > 24 ? 15 : 20;
  const endMs = Math.max(scene.endMs, run.rtoMs ?? 0, 1);
  const x = (ms) => LABELS + (Math.min(ms, endMs) / endMs) * (width - LABELS - RIGHT);
  const bottom = TOP + rows.reduce((sum, row) => sum + (row.wave ? 17 : height), 0) + 4;
  const still = useMemo(() => html`<${Rows} rows=${rows} phases=${scene.phases} height=${height} x=${x} endMs=${endMs} width=${width} bottom=${bottom} />`, [rows, scene, width]);
  const move = (event) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    if (left >= LABELS) onMove(Math.round(((left - LABELS) / (width - LABELS - RIGHT)) * endMs));
  };
  const lines = (from, to) => html`<g>
    ${run.rtoMs !== null && html`<line x1=${x(run.rtoMs)} x2=${x(run.rtoMs)} y1=${from} y2=${to} stroke="var(--failed)" stroke-width="2" stroke-dasharray="5 3" />`}
    <line x1=${x(at)} x2=${x(at)} y1=${from} y2=${to} stroke="var(--accent)" stroke-width="2" />
  </g>`;
  return html`<div>
    <div class="gutter" ref=${box}><svg width=${width} height=${HEAD} aria-hidden="true" onClick=${move}>
      ${ticks(endMs, width - LABELS).map((ms) => html`<text x=${x(ms)} y="24" font-size="11" text-anchor="middle" style="fill:var(--soft)">${clock(ms)}</text>`)}
      ${lines(28, HEAD)}
      ${run.rtoMs !== null && html`<text x=${x(run.rtoMs) + 5} y="10" font-size="11.5" text-anchor="end" style="fill:var(--bad-line)">RTO ${clock(run.rtoMs)}</text>`}
      ${scene.marks.map(([when, kind, text]) => html`<path d=${kind === "fault" ? `M${x(when) - 4} 30 h8 l-4 8 z` : `M${x(when)} 30 l4 4 l-4 4 l-4 -4 z`} fill=${kind === "fault" ? "var(--failed)" : "var(--accent)"}><title>${clock(when)} ${kind}: ${text}</title></path>`)}
    </svg></div>
    <div class="canvas gutter" style="max-height:min(58vh,600px)" tabindex="0" role="region" aria-label="servers by wave, scrollable">
      <svg width=${width} height=${bottom} role="img" aria-label=${said(run)} onClick=${move}>${still}${lines(0, bottom)}</svg>
    </div>
    <div class="legend">${PHASES.map((phase) => html`<span><i style=${`background:var(--${phase})`}></i>${phase}</span>`)}${scene.marks.length > 0 && html`<span style="color:var(--failed)">▼ <span style="color:var(--soft)">fault</span></span><span style="color:var(--accent)">◆ <span style="color:var(--soft)">operator</span></span>`}</div>
  </div>`;
}

function Rows({ rows, phases, height, x, endMs, width, bottom }) {
  let y = TOP;
  return html`<g>
    ${ticks(endMs, width - LABELS).map((ms) => html`<g><line x1=${x(ms)} x2=${x(ms)} y1="0" y2=${bottom} stroke="var(--line)" /></g>`)}
    ${rows.map((row) => {
      const top = y;
      y += row.wave ? 17 : height;
      if (row.wave) return html`<g><line x1="0" x2=${width} y1=${top} y2=${top} stroke="var(--line)" /><text x="4" y=${top + 12} font-size="11" font-weight="600" style="fill:var(--soft)">${short(row.wave, 16)}</text><text x=${LABELS} y=${top + 12} font-size="11" style="fill:var(--soft)">${row.status}</text></g>`;
      const middle = top + height / 2;
      return html`<g>
        <title>${row.name}: ${row.status}${row.reason ? `: ${row.reason}` : ""}</title>
        <text x=${LABELS - 8} y=${middle + Math.min(4, height / 3)} text-anchor="end" font-size=${Math.min(11.5, height - 1.5)}>${short(row.name, 15)}</text>
        ${(phases[row.id] ?? []).map(([phase, from, to]) => {
          const isThin = phase === "launched";
          const tall = isThin ? Math.max(3, height / 4) : height - (height > 12 ? 5 : 2);
          return html`<rect x=${x(from)} y=${middle - tall / 2} width=${Math.max(1, x(to) - x(from))} height=${tall} rx=${isThin ? tall / 2 : 2} fill=${`var(--${phase})`}><title>${row.name}: ${phase} ${clock(from)} to ${clock(to)}</title></rect>`;
        })}
      </g>`;
    })}
  </g>`;
}

function rowsOf(waves) {
  return waves.flatMap((wave) => [
    { wave: wave.name, status: `${wave.servers.filter((one) => one.status === "LAUNCHED").length} of ${wave.servers.length} launched` },
    ...wave.servers.map((one) => ({ name: one.name, id: one.sourceServerId, status: one.status, reason: one.reason })),
  ]);
}

// Names of servers differ at their ends.
const short = (text, most) => (text.length > most ? `${text.slice(0, most - 6)}…${text.slice(-5)}` : text);

const said = (run) => run.waves.map((wave) => `wave ${wave.name} ${wave.status}, ${clock(wave.startedMs)} to ${clock(wave.endedMs)}`).join("; ");

// The width of an element, as it is and as it changes.
export function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(700);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(260, Math.floor(entry.contentRect.width))));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}
