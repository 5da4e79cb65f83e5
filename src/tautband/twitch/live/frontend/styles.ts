/** Styles of the monitor. A page may set the custom properties that it shares with the other pages. */
export const CSS = `
:host {
  --m-paper: var(--paper, #ffffff); --m-ink: var(--ink, #1d2830); --m-quiet: var(--quiet, #586570);
  --m-line: var(--line, #dcdfdf); --m-accent: var(--accent, #0f5f6b); --m-on-accent: var(--on-accent, #ffffff);
  --m-twitch: #0f766e; --m-rejected: #b45309; --m-trace: #475569; --m-danger: #a31525; --m-danger-soft: #fbeaea;
  --m-fine: #1b6340; --m-fine-soft: #e4f1ea; --m-soft: #e3eff0;
  display: block; color: var(--m-ink); container-type: inline-size;
}
@media (prefers-color-scheme: dark) {
  :host {
    --m-paper: var(--paper, #1c2327); --m-ink: var(--ink, #e6eaec); --m-quiet: var(--quiet, #a3afb6);
    --m-line: var(--line, #333d43); --m-accent: var(--accent, #62bcc9); --m-on-accent: var(--on-accent, #08262b);
    --m-twitch: #2dd4bf; --m-rejected: #f0a35e; --m-trace: #94a3b8; --m-danger: #ff9aa2; --m-danger-soft: #3b1d21;
    --m-fine: #8ed3ae; --m-fine-soft: #173226; --m-soft: #19343a;
  }
}
:host(:focus) { outline: none; } /* it only takes a click, so that the keys go on working; nobody tabs to it */
* { box-sizing: border-box; margin: 0; padding: 0; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.card { background: var(--m-paper); border: 1px solid var(--m-line); border-radius: .9rem; padding: 1rem 1.25rem; min-width: 0; }
.monitor { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
.head { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
.head strong { font-weight: 600; overflow-wrap: anywhere; }
.quiet { color: var(--m-quiet); font-size: .875rem; }
.time { font-variant-numeric: tabular-nums; }
.alert { background: var(--m-danger-soft); color: var(--m-danger); border-radius: .6rem; padding: .6rem .9rem; font-weight: 600; }
.alert[hidden] { display: none; }
canvas { display: block; width: 100%; height: clamp(9rem, 28cqw, 17rem); margin: .5rem 0 .25rem; }
.legend { display: flex; justify-content: space-between; gap: 1rem; }
.dose { order: -1; }
.state { font-size: 2.25rem; line-height: 1.15; font-weight: 650; }
.state.enough { color: var(--m-fine); }
.state.more { color: var(--m-accent); }
.counts { font-size: 1.125rem; margin: .15rem 0 .5rem; font-variant-numeric: tabular-nums; }
.why { text-wrap: pretty; }
.contact { margin-top: .75rem; padding-top: .75rem; border-top: 1px solid var(--m-line); }
.contact .bad { color: var(--m-danger); font-weight: 600; }
h2 { font-size: 1rem; font-weight: 650; margin-bottom: .5rem; }
ol { list-style: none; display: flex; gap: .4rem; align-items: end; min-height: 9.5rem; }
li { flex: 0 0 2.6rem; text-align: center; font-size: .875rem; font-variant-numeric: tabular-nums; }
li .bar { display: block; background: var(--m-twitch); border-radius: .25rem .25rem 0 0; height: 0; margin-bottom: .2rem; }
li.tapped .bar { background: none; border: 2px dashed var(--m-quiet); border-bottom: 0; height: 1.5rem; }
.buttons { display: grid; grid-template-columns: 2fr 1fr; gap: .75rem; position: sticky; bottom: 0; padding: .5rem 0; background: var(--ground, var(--m-paper)); }
button { font: inherit; border-radius: .9rem; min-height: 3.5rem; cursor: pointer; border: 1px solid var(--m-accent); background: var(--m-paper); color: var(--m-accent); padding: .4rem .75rem; }
button.main { background: var(--m-accent); color: var(--m-on-accent); font-weight: 600; }
button:hover { filter: brightness(1.08); }
button[aria-disabled="true"] { opacity: .55; cursor: default; }
button:focus-visible { outline: 2px solid var(--m-accent); outline-offset: 2px; }
kbd { font: inherit; font-size: .8125rem; font-weight: 400; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .35rem; margin-left: .4rem; }
@media (hover: none), (pointer: coarse) { kbd { display: none; } }
@container (min-width: 46rem) {
  .monitor { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .monitor > .trace, .monitor > .alert, .monitor > .buttons, .monitor > .limits { grid-column: 1 / -1; }
  .dose { order: 0; }
  .buttons { grid-template-columns: 1fr 12rem; }
}
`;
