// Recovery times over the seeds.
import { h } from "preact";
import { useMemo } from "hooks";
import htm from "htm";
import { clock } from "drsim/data";
import { useWidth } from "drsim/timeline";

const html = htm.bind(h);
const HEIGHT = 150;
const TOP = 34;
const BINS = 42;

export function Histogram({ run, onSeed }) {
  const [box, width] = useWidth();
  const times = useMemo(() => run.seeds.map((seed) => seed.recoveryMs).filter((ms) => ms !== null).sort((a, b) => a - b), [run]);
  const bad = run.seeds.filter((seed) => seed.verdict !== "PASSED" && seed.verdict !== "SKIPPED");
  const names = bad.slice(0, 40);
  return html`<section class="card" aria-labelledby="histogram">
    <div class="bar"><h2 id="histogram">Recovery time, ${run.seeds.length} seeds</h2>
      <span class="said">${times.length ? `p50 ${clock(quantile(times, 0.5))}, p95 ${clock(quantile(times, 0.95))}, longest ${clock(times.at(-1))}` : ""}</span></div>
    <div ref=${box}>${times.length > 0 ? html`<${Bars} times=${times} rtoMs=${run.rtoMs} width=${width} />` : html`<p class="empty">no seed came to an end</p>`}</div>
    <p style="margin:6px 0 0">${bad.length ? html`<span class="error">${bad.length} of ${run.seeds.length} seeds did not pass:</span> ${names.map((seed) => html`<span title=${`${seed.verdict}: ${seed.failed.join("; ")}`}>${seed.seed} </span>`)}${bad.length > names.length ? "…" : ""}` : `all ${run.seeds.length} seeds passed`}; shown is seed ${run.seed}.</p>
  </section>`;
}

// The nearest-rank quantile, as thresholds have it.
const quantile = (times, share) => times[Math.max(0, Math.ceil(share * times.length) - 1)];

function Bars({ times, rtoMs, width }) {
  const [least, most] = [times[0], Math.max(times.at(-1), times[0] + 1000)];
  const low = rtoMs === null ? least : Math.min(least, Math.max(rtoMs, least - (most - least)));
  const high = rtoMs === null ? most : Math.max(most, Math.min(rtoMs, most + (most - least)));
  const step = (high - low) / BINS;
  const bins = new Array(BINS).fill(0);
  for (const ms of times) bins[Math.min(BINS - 1, Math.floor((ms - low) / step))] += 1;
  const tallest = Math.max(...bins);
  const x = (ms) => 6 + ((ms - low) / (high - low)) * (width - 12);
  const lines = [["p50", quantile(times, 0.5), "var(--soft)"], ["p95", quantile(times, 0.95), "var(--caught-line)"], ...(rtoMs === null ? [] : [["RTO", rtoMs, "var(--bad-line)"]])];
  const isIn = (ms) => ms >= low && ms <= high;
  return html`<svg width=${width} height=${HEIGHT + 20} role="img" aria-label=${`recovery times from ${clock(least)} to ${clock(most)}`}>
    ${bins.map((count, index) => {
      const from = low + index * step;
      const tall = (count / tallest) * (HEIGHT - TOP - 4);
      const isLate = rtoMs !== null && from + step / 2 > rtoMs;
      return count > 0 && html`<rect x=${x(from) + 0.5} y=${HEIGHT - tall} width=${Math.max(1, (width - 12) / BINS - 1)} height=${tall} fill=${isLate ? "var(--failed)" : "var(--conversion)"}><title>${clock(from)} to ${clock(from + step)}: ${count} seeds</title></rect>`;
    })}
    <line x1="0" x2=${width} y1=${HEIGHT} y2=${HEIGHT} stroke="var(--line)" />
    ${lines.filter(([, ms]) => isIn(ms)).map(([name, ms, colour], index) => html`<g><line x1=${x(ms)} x2=${x(ms)} y1=${index * 11 + 2} y2=${HEIGHT} stroke=${colour} stroke-width="1.6" stroke-dasharray="4 3" /><text x=${x(ms) + (x(ms) > width - 90 ? -4 : 4)} y=${index * 11 + 10} font-size="11" text-anchor=${x(ms) > width - 90 ? "end" : "start"} style=${`fill:${colour}`}>${name} ${clock(ms)}</text></g>`)}
    <text x="6" y=${HEIGHT + 14} font-size="11" style="fill:var(--soft)">${clock(low)}</text>
    <text x=${width - 6} y=${HEIGHT + 14} font-size="11" text-anchor="end" style="fill:var(--soft)">${clock(high)}</text>
  </svg>`;
}
