/** The painter's style. A page sets its colours by custom properties: --accent, --ink, --paper, --line, --quiet, --pain. */

export const CSS = `
:host { display: block; container-type: inline-size; color: var(--ink, #1d2830); font: inherit; }
* { box-sizing: border-box; }
button, input, select { font: inherit; color: inherit; }
.layout { display: grid; gap: 1rem; } .layout > * { min-width: 0; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; }
.group { display: inline-flex; border: 1px solid var(--line, #ccd3d6); border-radius: .6rem; overflow: hidden; background: var(--paper, #fff); }
.group > * { border: 0; border-left: 1px solid var(--line, #ccd3d6); background: none; padding: .5rem .7rem; min-height: 2.75rem; min-width: 2.75rem; cursor: pointer; }
.group > :first-child { border-left: 0; }
button:hover:not(:disabled, [aria-pressed=true]) { background: var(--hover, #eef3f3); }
button[aria-pressed=true], button[aria-selected=true] { background: var(--accent, #0f5f6b); color: var(--on-accent, #fff); }
button:disabled { color: var(--quiet, #5b6673); opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent, #0f5f6b); outline-offset: 2px; }
.group :focus-visible { outline-offset: -3px; }
.group [aria-pressed=true]:focus-visible, .group [aria-selected=true]:focus-visible { outline-color: var(--on-accent, #fff); }
select { max-width: 10rem; }
.dot { display: inline-block; border-radius: 50%; background: currentColor; vertical-align: middle; }
.dot.small { width: .3rem; height: .3rem; } .dot.medium { width: .6rem; height: .6rem; } .dot.large { width: 1rem; height: 1rem; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.frame { position: relative; display: flex; justify-content: center; }
.stage { position: relative; touch-action: none; user-select: none; -webkit-user-select: none; cursor: crosshair; width: min(100%, calc(min(var(--most), var(--painter-height, 78vh)) * var(--ratio))); aspect-ratio: var(--ratio); overflow: hidden; border-radius: .6rem; }
.stage.select { cursor: grab; }
.stage svg, .stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.stage canvas { opacity: .62; pointer-events: none; }
.art { pointer-events: none; color: var(--ink, #1d2830); }
.art .body-skin { fill: var(--skin, #f3efeb); } .art .body-shade { fill: var(--shade, #b9aaa0); } .art .body-ink { stroke: var(--body-ink, #5d5650); }
.hits path { fill: transparent; stroke: transparent; vector-effect: non-scaling-stroke; outline: none; }
.hits path:hover { stroke: var(--accent, #0f5f6b); stroke-opacity: .35; }
.hits path:focus-visible { stroke: var(--accent, #0f5f6b); stroke-width: 2.5; fill: var(--accent, #0f5f6b); fill-opacity: .14; }
.hits .chosen { fill: none; stroke: var(--accent, #0f5f6b); stroke-opacity: .4; stroke-linecap: round; stroke-linejoin: round; pointer-events: none; vector-effect: none; }
.hits path.chosen.whole { fill: var(--accent, #0f5f6b); fill-opacity: .4; }
.hits .cursor { fill: none; stroke: var(--ink, #1d2830); stroke-opacity: .6; vector-effect: non-scaling-stroke; pointer-events: none; }
.zoom { position: absolute; right: 0; bottom: .5rem; display: grid; gap: .4rem; }
.zoom button { width: 2.75rem; height: 2.75rem; border-radius: .6rem; border: 1px solid var(--line, #ccd3d6); background: var(--paper, #fff); cursor: pointer; }
.name { min-height: 1.5em; text-align: center; color: var(--quiet, #5b6673); font-size: .9rem; margin: .25rem 0 0; }
.side { display: grid; gap: 1.25rem; align-content: start; }
section + section { margin-top: 1rem; }
h3 { font-size: .9rem; font-weight: 600; margin: 0 0 .5rem; }
h3 small { font-weight: 400; color: var(--quiet, #5b6673); }
.intensity { display: grid; grid-template-columns: 1fr auto; gap: .25rem .75rem; align-items: center; }
.intensity input { width: 100%; min-height: 2.25rem; accent-color: var(--accent, #0f5f6b); grid-column: 1; }
.intensity label { grid-column: 1 / -1; } .intensity output { min-width: 4.5rem; text-align: right; font-variant-numeric: tabular-nums; }
fieldset { border: 0; padding: 0; margin: .5rem 0 0; } legend { padding: 0; margin-bottom: .4rem; }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; }
.chips button, .find-list button { border: 1px solid var(--line, #ccd3d6); border-radius: 2rem; background: none; padding: .35rem .8rem; min-height: 2.5rem; cursor: pointer; }
.chips button[aria-pressed=true], .find-list button[aria-pressed=true] { background: var(--accent, #0f5f6b); border-color: transparent; }
input[type=search] { width: 100%; padding: .55rem .75rem; min-height: 2.75rem; border: 1px solid var(--field, #7c888e); border-radius: .6rem; background: var(--paper, #fff); }
.find-list { list-style: none; margin: .5rem 0 0; padding: 0; max-height: max(11rem, calc(var(--painter-height, 44rem) - 22rem)); overflow: auto; }
.find-list li { display: flex; gap: .5rem; align-items: center; justify-content: space-between; padding: .25rem 0; border-top: 1px solid var(--line, #ccd3d6); }
.find-list li:first-child { border-top: 0; } .find-list span small { color: var(--quiet, #5b6673); display: block; }
.find-list .sides { display: flex; gap: .35rem; flex: none; }
.quiet { color: var(--quiet, #5b6673); font-size: .9rem; margin: .5rem 0 0; }
.views { max-width: 100%; } .views button { flex: none; } .views select { flex: 1 1 5rem; min-width: 0; }
@container (max-width: 26rem) { .group > * { padding: .5rem .55rem; } .views { width: 100%; } }
@container (min-width: 38rem) { .layout { grid-template-columns: minmax(0, 1fr) 15rem; column-gap: 1.75rem; } .tools { grid-column: 1 / -1; } }
@media print { .tools, .side, .zoom, .name, .hits .cursor { display: none !important; } .layout { display: block; } .stage { width: calc(14cm * var(--ratio)) !important; } }
`;
