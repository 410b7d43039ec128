// The page: the scenarios of a session, and all about the one that is looked at.
import { h, render } from "preact";
import { useEffect, useState } from "hooks";
import htm from "htm";
import { clock, report, sceneOf } from "drsim/data";
import { Graph } from "drsim/graph";
import { Histogram } from "drsim/histogram";
import { History } from "drsim/history";
import { Timeline } from "drsim/timeline";

const html = htm.bind(h);
const NOTHING = { machines: [], endMs: 0, visits: [], transitions: [], phases: {}, marks: [], events: [] };
const isBad = (run) => run.verdict !== "PASSED" && run.verdict !== "SKIPPED";

function App() {
  const runs = report.scenarios;
  const [index, setIndex] = useState(() => Math.max(0, Number(location.hash.slice(1)) || runs.findIndex(isBad)));
  const choose = (one) => (setIndex(one), history.replaceState(null, "", `#${one}`));
  const run = runs[index] ?? runs[0];
  return html`<main>
    ${runs.length !== 1 && html`<${Session} runs=${runs} index=${index} onChoose=${choose} />`}
    ${run ? html`<${Run} key=${index} run=${run} index=${runs.indexOf(run)} />` : html`<p class="empty">no scenario ran</p>`}
  </main>`;
}

function Session({ runs, index, onChoose }) {
  const [words, setWords] = useState("");
  const [isBadOnly, setBadOnly] = useState(false);
  const wanted = words.toLowerCase();
  const shown = runs.map((run, number) => [run, number]).filter(([run]) => (!isBadOnly || isBad(run)) && `${run.name} ${run.path} ${run.tags.join(" ")}`.toLowerCase().includes(wanted));
  const counts = Object.entries(report.summary).filter(([, count]) => count).map(([verdict, count]) => `${count} ${verdict}`);
  return html`<section class="card session" aria-labelledby="session">
    <div class="bar"><h2 id="session">${runs.length} scenarios: ${counts.join(", ") || "none"}</h2>
      <span><input type="search" placeholder="filter" aria-label="filter scenarios" value=${words} onInput=${(event) => setWords(event.target.value)} /> <button aria-pressed=${isBadOnly} onClick=${() => setBadOnly(!isBadOnly)}>not passed only</button></span></div>
    <div class="rows" tabindex="0" role="region" aria-label="scenarios"><table><thead><tr><th>verdict</th><th>scenario</th><th>outcome</th><th class="number">recovery time</th><th class="number">seeds</th><th>file</th></tr></thead>
      <tbody>${shown.map(([run, number]) => html`<tr key=${number} aria-selected=${number === index} onClick=${() => onChoose(number)}>
        <td><span class=${`badge ${run.verdict}`}>${run.verdict}</span></td><td><button onClick=${() => onChoose(number)}>${run.name}</button></td><td>${run.outcome ?? "–"}</td>
        <td class="number">${clock(run.recoveryMs)}</td><td class="number">${run.seeds.length || 1}</td><td><code>${run.path}</code></td></tr>`)}</tbody></table></div>
    ${report.coverage.length > 0 && html`<${Totals} machines=${report.coverage} />`}
  </section>`;
}

function Totals({ machines }) {
  const kinds = ["states", "transitions", "choices", "retriers", "catchers"];
  const [isOpen, setOpen] = useState(false);
  return html`<details style="margin-top:8px" onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>coverage of ${machines.length === 1 ? "1 state machine" : `${machines.length} state machines`}, all scenarios together</summary>
    <table><thead><tr><th>state machine</th><th class="number">executions</th>${kinds.map((kind) => html`<th class="number">${kind}</th>`)}</tr></thead>
    <tbody>${machines.map((one) => html`<tr style="cursor:auto"><td><code>${one.source ?? one.machine}</code></td><td class="number">${one.executions}</td>${kinds.map((kind) => html`<td class="number">${one[kind].reached} of ${one[kind].total}</td>`)}</tr>`)}</tbody></table>
    ${isOpen && html`<${Machines} machines=${machines} scene=${null} at=${0} onPick=${() => {}} />`}</details>`;
}

function Run({ run, index }) {
  const [scene, setScene] = useState(null);
  const [at, setAt] = useState(0);
  const [words, setWords] = useState("");
  useEffect(() => {
    let isWanted = true;
    sceneOf(index).then((found) => isWanted && (setScene(found ?? NOTHING), setAt(instantOf(run, found ?? NOTHING))));
    return () => (isWanted = false);
  }, [index]);
  if (scene === null) return html`<p class="empty">reading …</p>`;
  return html`<${Head} run=${run} scene=${scene} />
    <div class="columns">
      <div class="sticky"><${Machines} machines=${scene.machines} scene=${scene} at=${at} onPick=${setWords} /></div>
      <div class="stack">
        <section class="card" aria-labelledby="servers"><div class="bar"><h2 id="servers">Servers by wave</h2></div>
          ${run.waves.length ? html`<${Timeline} run=${run} scene=${scene} at=${at} onMove=${setAt} />` : html`<p class="empty">no servers</p>`}
          <${Slider} scene=${scene} at=${at} onMove=${setAt} />
        </section>
        <${Checks} run=${run} onMove=${setAt} />
        ${run.seeds.length > 1 && html`<${Histogram} run=${run} />`}
        <${History} scene=${scene} at=${at} words=${words} onWords=${setWords} onMove=${setAt} />
      </div>
    </div>`;
}

// What is looked at first: the moment of the first failure, else the end.
function instantOf(run, scene) {
  const failed = run.checks.find((check) => !check.passed && check.atMs !== null);
  return failed ? Math.min(failed.atMs, scene.endMs) : scene.endMs;
}

function Head({ run, scene }) {
  const facts = [
    run.recoveryMs !== null && html`recovery time <b>${clock(run.recoveryMs)}</b>${run.rtoMs !== null && html` / RTO <b>${clock(run.rtoMs)}</b>`}`,
    run.rpoMs !== null && html`RPO <b>${clock(run.rpoMs)}</b>${run.objectives.rpoMs !== null && html` / <b>${clock(run.objectives.rpoMs)}</b>`}`,
    run.outcome && html`outcome <b>${run.outcome}</b>`, html`seed <b>${run.seed}</b>`, html`events <b>${scene.events.length}</b>`,
    html`wall <b>${run.wallSeconds.toFixed(2)} s</b>`, html`<b>${run.calibration}</b>`, html`drsim ${report.drsim}`,
  ];
  return html`<header><div class="head"><h1>${run.name}</h1><span class=${`badge ${run.verdict}`}>${run.verdict}</span>${facts.filter(Boolean).map((fact) => html`<span class="fact">${fact}</span>`)}</div>
    ${run.warnings.map((warning) => html`<p class="warning">⚠ ${warning}</p>`)}
    ${run.error && html`<p class="error mono">${run.error}</p>`}</header>`;
}

// Without a scene it is the coverage of all scenarios.
function Machines({ machines, scene, at, onPick }) {
  const [isCoverage, setCoverage] = useState(scene === null);
  const [number, setNumber] = useState(0);
  const machine = machines[number];
  const missed = machine ? machine.elements.filter((element) => !element.count) : [];
  return html`<section class="card" aria-label="state machine">
    <div class="bar"><h2>State machine ${isCoverage ? "coverage" : `at ${clock(at)}`}</h2>
      ${machine && scene && html`<span class="group" role="group" aria-label="what the graph shows"><button aria-pressed=${!isCoverage} onClick=${() => setCoverage(false)}>at the instant</button><button aria-pressed=${isCoverage} onClick=${() => setCoverage(true)}>coverage</button></span>`}</div>
    ${machines.length > 1 && html`<select aria-label="state machine" onChange=${(event) => setNumber(Number(event.target.value))}>${machines.map((one, place) => html`<option value=${place}>${one.machine}</option>`)}</select>`}
    ${machine ? html`<${Graph} machine=${machine} scene=${scene} at=${at} isCoverage=${isCoverage} onPick=${onPick} />` : html`<p class="empty">no state machine ran</p>`}
    ${machine && isCoverage && html`<${Shares} machine=${machine} />
      ${missed.length ? html`<ul class="missed" tabindex="0" aria-label="not reached">${missed.map((element) => html`<li>${element.name} <code>${machine.source ?? machine.machine}${element.line ? `:${element.line}` : ""}</code></li>`)}</ul>` : html`<p>everything was reached</p>`}`}
  </section>`;
}

function Shares({ machine }) {
  return html`<table style="margin-top:6px"><tbody>${["states", "transitions", "choices", "retriers", "catchers"].filter((kind) => machine[kind].total).map((kind) => html`<tr><th scope="row">${kind}</th><td class="number">${machine[kind].reached} of ${machine[kind].total}</td><td class="number">${machine[kind].percent} %</td><td style="width:50%"><div class="meter"><i style=${`width:${machine[kind].percent}%`}></i></div></td></tr>`)}</tbody></table>`;
}

function Slider({ scene, at, onMove }) {
  const [isPlaying, setPlaying] = useState(false);
  useEffect(() => {
    if (!isPlaying) return undefined;
    const step = Math.max(1, scene.endMs / 160);
    const timer = setInterval(() => onMove((now) => (now + step >= scene.endMs ? (setPlaying(false), scene.endMs) : Math.round(now + step))), 60);
    return () => clearInterval(timer);
  }, [isPlaying, scene]);
  const play = () => (isPlaying || at < scene.endMs || onMove(0), setPlaying(!isPlaying));
  return html`<div class="slider"><button onClick=${play} disabled=${!scene.endMs} aria-label=${isPlaying ? "stop" : "play"}>${isPlaying ? "■" : "▶"}</button>
    <input type="range" min="0" max=${scene.endMs} step=${Math.max(1, Math.floor(scene.endMs / 1000))} value=${at} aria-label="instant" aria-valuetext=${clock(at)} onInput=${(event) => onMove(Number(event.target.value))} /><output>${clock(at)}</output></div>`;
}

function Checks({ run, onMove }) {
  const broken = run.checks.filter((check) => !check.passed);
  const judged = run.checks.filter((check) => !check.skipped).length;
  return html`<section class="card" aria-labelledby="checks"><div class="bar"><h2 id="checks">Checks</h2><span class="said">${judged ? `${judged - broken.length} of ${judged} hold` : ""}</span></div>
    ${run.checks.length ? [...broken, ...run.checks.filter((check) => check.passed)].map((check) => html`<${Check} check=${check} onMove=${onMove} />`) : html`<p class="empty">nothing was checked</p>`}
    ${run.reproduce && html`<p style="margin:8px 0 0"><span class="said">reproduce: </span><code>${run.reproduce}</code></p>`}</section>`;
}

function Check({ check, onMove }) {
  if (check.skipped) return html`<div class="check"><span class="mark" aria-label="skipped">–</span>${check.name} <span class="said">skipped: ${check.skipped}</span></div>`;
  const at = [check.atMs !== null && clock(check.atMs, true), check.where].filter(Boolean).join(", ");
  return html`<div class=${`check ${check.passed ? "good" : "broken"}`}><span class="mark" aria-label=${check.passed ? "holds" : "broken"}>${check.passed ? "✓" : "✗"}</span>${check.name} <span class="said">${check.passed ? check.happened : ""}</span>
    ${!check.passed && html`<dl><dt>expected</dt><dd>${check.expected}</dd><dt>happened</dt><dd>${check.happened}</dd>
      ${at && html`<dt>at</dt><dd>${at} ${check.atMs !== null && html`<button onClick=${() => onMove(check.atMs)}>show</button>`}</dd>`}
      ${check.before.length > 0 && html`<dt>before</dt><dd class="mono">${check.before.join("\n")}</dd>`}</dl>`}</div>`;
}

render(html`<${App} />`, document.getElementById("app"));
