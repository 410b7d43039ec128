// Every event, with a filter; only the rows in sight are in the page.
import { h } from "preact";
import { useEffect, useMemo, useRef, useState } from "hooks";
import htm from "htm";
import { clock } from "drsim/data";

const html = htm.bind(h);
const ROW = 25;
const VIEW = 460;

export function History({ scene, at, words, onWords, onMove }) {
  const [kind, setKind] = useState("");
  const [picked, setPicked] = useState(null);
  const [top, setTop] = useState(0);
  const box = useRef(null);
  const kinds = useMemo(() => [...new Set(scene.events.map((event) => event[1]))].sort(), [scene]);
  const lower = useMemo(() => scene.events.map((event) => event.slice(1).join(" ").toLowerCase()), [scene]);
  const rows = useMemo(() => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return scene.events.map((_, index) => index).filter((index) => (!kind || scene.events[index][1] === kind) && wanted.every((word) => lower[index].includes(word)));
  }, [scene, kind, words]);
  useEffect(() => {
    setPicked(null);
    if (box.current) box.current.scrollTop = 0;
  }, [scene, kind, words]);
  useEffect(() => toInstant(), [scene]);
  const first = Math.max(0, Math.min(rows.length - 1, Math.floor(top / ROW)) - 10);
  const last = Math.min(rows.length, first + Math.ceil(VIEW / ROW) + 20);
  const pick = (index) => (setPicked(index), onMove(scene.events[index][0]));
  const toInstant = () => {
    if (!box.current) return;
    const row = rows.findIndex((index) => scene.events[index][0] > at);
    box.current.scrollTop = Math.max(0, (row < 0 ? rows.length : row) * ROW - VIEW / 2);
  };
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !rows.length) return;
    event.preventDefault();
    const row = Math.max(0, Math.min(rows.length - 1, (picked === null ? -1 : rows.indexOf(picked)) + step));
    pick(rows[row]);
    const view = box.current;
    if ((row + 2) * ROW > view.scrollTop + view.clientHeight) view.scrollTop = (row + 3) * ROW - view.clientHeight;
    if (row * ROW < view.scrollTop) view.scrollTop = row * ROW;
  };
  return html`<section class="card" aria-labelledby="history">
    <div class="bar"><h2 id="history">Event history</h2><span class="said" aria-live="polite">${rows.length} of ${scene.events.length}</span></div>
    <div class="bar" style="justify-content:flex-start">
      <input type="search" placeholder="filter: words that all occur" aria-label="filter events by words" value=${words} onInput=${(event) => onWords(event.target.value)} />
      <select aria-label="type of event" value=${kind} onChange=${(event) => setKind(event.target.value)}><option value="">all types</option>${kinds.map((one) => html`<option value=${one}>${one}</option>`)}</select>
      <button onClick=${toInstant}>to the instant</button>
    </div>
    ${rows.length === 0 ? html`<p class="empty">no event ${scene.events.length ? "matches" : "was recorded"}</p>` : html`
    <div class="history" ref=${box} tabindex="0" role="region" aria-label="events; arrow keys go through them" onScroll=${(event) => setTop(event.currentTarget.scrollTop)} onKeyDown=${onKey}>
      <table aria-rowcount=${rows.length + 1}>
        <colgroup><col style="width:72px" /><col style="width:76px" /><col style="width:190px" /><col style="width:190px" /><col /></colgroup>
        <thead><tr><th class="number">#</th><th class="number">time</th><th>type</th><th>state / server</th><th>what</th></tr></thead>
        <tbody>
          <tr class="pad" style=${`height:${first * ROW}px`} aria-hidden="true"></tr>
          ${rows.slice(first, last).map((index, offset) => html`<${Row} key=${index} event=${scene.events[index]} number=${index} place=${first + offset + 2} isLater=${scene.events[index][0] > at} isPicked=${picked === index} onPick=${pick} />`)}
          <tr class="pad" style=${`height:${(rows.length - last) * ROW}px`} aria-hidden="true"></tr>
        </tbody>
      </table>
    </div>
    ${picked !== null && scene.events[picked] && html`<div class="whole mono" aria-live="polite">${clock(scene.events[picked][0], true)}  ${scene.events[picked].slice(1).filter(Boolean).join("\n")}</div>`}`}
  </section>`;
}

function Row({ event: [when, kind, subject, wave, text, detail], number, place, isLater, isPicked, onPick }) {
  return html`<tr class=${isLater ? "later" : ""} aria-rowindex=${place} aria-selected=${isPicked} onClick=${() => onPick(number)}>
    <td class="number">${number}</td><td class="number">${clock(when)}</td><td title=${kind}>${kind}</td>
    <td title=${subject}>${subject || wave}${subject && wave ? ` (${wave})` : ""}</td><td class="detail" title=${detail}>${text || detail}</td>
  </tr>`;
}
