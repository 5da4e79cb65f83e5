/** The page: holds the case of this window, asks the server what it means, and shows the answer beside the drawing. */

import { page as words } from "../../words.json";
import type { TautbandPainter } from "./painter";
import type { Drawing, SeenStroke, Side, Stroke } from "./types";

interface Pain {
  region: string;
  side?: Side | null;
  intensity?: number | null;
  quality?: string[] | null;
}

interface Finding {
  trigger_point: string;
  side: string;
  [sign: string]: string | boolean;
}

interface Case {
  schema: string;
  patient?: { age?: number | null; sex?: string | null } | null;
  pain?: Pain[] | null;
  answers?: Record<string, string | string[] | null> | null;
  findings?: Finding[] | null;
  tests?: Record<string, string> | null;
  complaint?: string | null;
  drawing?: Drawing | null;
}

const SETTLED_MS = 250; // reasons are worked out once the hand rests
const LARGEST_FILE = 1_000_000;

const $ = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const painter = document.querySelector("tautband-painter") as TautbandPainter;
const panel = $("panel");

let current: Case = { schema: "tautband.case/1", pain: [] };
let drawing: Drawing | null = null;
let chosen = "";
let skipped = new Set<string>();
let touched = false;

// asking the server ---------------------------------------------------------------------------------------------------

let asking = false;
let waiting = false;
let settled = 0;
let lookAt = false;
let asked = false; // whether a notice is about an answer that failed

/** The case as it stands, as a document to send or to save. */
function document_(): Case {
  const { drawing: _, ...rest } = current;
  return drawing?.strokes.length ? { ...rest, pain: [], drawing } : { ...rest, pain: [] };
}

/** Asks for a quick answer now, and for the reasons once nothing has changed for a moment. */
function ask(): void {
  clearTimeout(settled);
  void refresh(false);
}

async function refresh(reasons: boolean): Promise<void> {
  if (asking) {
    waiting = true;
    return;
  }
  asking = true;
  waiting = false;
  panel.setAttribute("aria-busy", "true");
  const query = new URLSearchParams({ reasons: String(reasons) });
  if (chosen) query.set("chosen", chosen);
  if (skipped.size) query.set("skipped", [...skipped].join(","));
  try {
    const answer = await fetch(`/assess?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(document_()),
    });
    if (answer.ok) {
      show(await answer.text(), reasons);
    } else {
      notice(words.refused.replace("{error}", ((await answer.json()) as { error: string }).error));
    }
    asked = !answer.ok;
  } catch {
    notice(words.failed);
    asked = true;
  }
  asking = false;
  panel.setAttribute("aria-busy", "false");
  if (waiting) void refresh(false);
  else if (!reasons) settled = window.setTimeout(() => void refresh(true), SETTLED_MS);
}

function show(html: string, reasons: boolean): void {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>(".answer");
  if (!fresh) return;
  const before = panel.querySelector<HTMLElement>(".answer");
  // reasons that are being worked out again stay, slanted, so that nothing jumps
  if (!reasons && before) {
    for (const slot of fresh.querySelectorAll<HTMLElement>("[data-reasons]")) {
      const old = before.querySelector(`[data-reasons="${slot.dataset.reasons}"]`);
      if (old) slot.replaceChildren(...old.childNodes);
      slot.classList.add("stale");
    }
  }
  const open = before?.querySelector("details")?.open ?? false;
  const sameTurn = before?.querySelector("#next form")?.outerHTML === fresh.querySelector("#next form")?.outerHTML;
  const inNext = !!document.activeElement?.closest("#next");
  // a half-ticked list is not taken away under the hand
  if (sameTurn && before) fresh.querySelector("#next")!.replaceWith(before.querySelector("#next")!);
  const verdict = before?.querySelector("#verdict")?.textContent;
  panel.replaceChildren(fresh);
  const details = fresh.querySelector("details");
  if (details) details.open = open;
  if (inNext && !sameTurn) {
    fresh.querySelector<HTMLElement>("#next button, #next input")?.focus({ preventScroll: true });
  }
  const now = fresh.querySelector("#verdict")!.textContent!;
  if (now !== verdict) $("spoken").textContent = now;
  if (asked) notice("");
  $("peek").textContent = fresh.dataset.peek!;

  painter.coverage = JSON.parse(fresh.dataset.coverage!);
  const shown = fresh.dataset.shown;
  if (shown) painter.setAttribute("overlay", `/overlay/${shown.split(":").map(encodeURIComponent).join("/")}/{view}.svg?shape=${$<HTMLSelectElement>("shape").value}`);
  else painter.removeAttribute("overlay");
  if (waiting) return; // this answers a case that has been left already
  if (lookAt && fresh.dataset.view) painter.view = fresh.dataset.view;
  lookAt = false;
}

function notice(text: string): void {
  $("notice").textContent = text;
}

// the case ------------------------------------------------------------------------------------------------------------

/** Takes a case in; regions that were named become filled regions of the drawing. */
function take(given: Case): void {
  current = structuredClone(given);
  const fills = (given.pain ?? []).map((p): Stroke => ({
    mode: "paint",
    region: p.region,
    side: p.side ?? "midline",
    ...(p.intensity != null && { intensity: p.intensity }),
    ...(p.quality?.length && { quality: p.quality }),
  }));
  const empty: Drawing = { body: painter.value.body, shape: "neutral", strokes: [] };
  const own = { ...empty, ...given.drawing };
  drawing = { ...own, strokes: [...fills, ...own.strokes] };
  painter.setAttribute("src", `/body/${drawing.shape}`);
  painter.value = drawing;
  showShape();
  chosen = "";
  skipped = new Set();
  touched = false;
  lookAt = true;
  $<HTMLInputElement>("age").value = given.patient?.age?.toString() ?? "";
  $<HTMLSelectElement>("sex").value = given.patient?.sex ?? "";
  $<HTMLTextAreaElement>("complaint").value = given.complaint ?? "";
  ask();
}

/** Brush strokes mean places of the shape they were painted on, so the shape can change only without any. */
function showShape(): void {
  const select = $<HTMLSelectElement>("shape");
  select.value = drawing?.shape ?? "neutral";
  select.disabled = !!drawing?.strokes.some((s) => "points" in s);
  select.title = select.disabled ? words.shapeFixed : "";
}

function mayReplace(): boolean {
  return !touched || confirm(words.replace);
}

async function loadExample(): Promise<void> {
  take((await (await fetch("/api/example")).json()) as Case);
}

async function openFile(file: File): Promise<void> {
  if (file.size > LARGEST_FILE) return notice(words.tooLarge);
  // the server reads it as the command line does, before anything here is replaced
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/api/case", { method: "POST", headers, body: file });
  if (answer.status === 400) return notice(words.notJson);
  if (!answer.ok) return notice(words.refused.replace("{error}", ((await answer.json()) as { error: string }).error));
  take((await answer.json()) as Case);
  notice("");
}

function saveFile(): void {
  const text = JSON.stringify(document_(), null, 2) + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "case.json";
  link.click();
  URL.revokeObjectURL(link.href);
  touched = false;
}

async function copyText(): Promise<void> {
  try {
    const answer = await fetch("/assess.md", { method: "POST", body: JSON.stringify(document_()) });
    if (!answer.ok) throw new Error();
    await navigator.clipboard.writeText(await answer.text());
    notice(words.copied);
  } catch {
    notice(words.notCopied);
  }
}

function change(what: (now: Case) => void): void {
  what(current);
  touched = true;
  ask();
}

function answer(id: string, values: string[]): void {
  change((now) => (now.answers = { ...now.answers, [id]: values.join(";") }));
}

function press(id: string, side: string, said: string): void {
  const finding: Finding = { trigger_point: id, side, tender: said !== "nothing", familiar_pain: said === "pain" };
  change((now) => {
    const others = (now.findings ?? []).filter((f) => f.trigger_point !== id || f.side !== side);
    now.findings = [...others, finding];
  });
}

// what somebody does --------------------------------------------------------------------------------------------------

const drawn = (e: Event): void => {
  if (!(e instanceof CustomEvent)) return;
  drawing = e.detail as Drawing;
  showShape();
  touched = true;
  ask();
};
painter.seen = async (strokes, view) => {
  const body = JSON.stringify({ schema: "tautband.case/1", pain: [], drawing: strokes });
  const answer = await fetch(`/api/seen/${view}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as SeenStroke[];
};
painter.addEventListener("input", drawn);
painter.addEventListener("change", drawn);

$("new").addEventListener("click", () => mayReplace() && take({ schema: "tautband.case/1", pain: [] }));
$("example").addEventListener("click", () => mayReplace() && void loadExample());
$("open").addEventListener("click", () => mayReplace() && $("file").click());
$("file").addEventListener("change", (e) => {
  const input = e.target as HTMLInputElement;
  if (input.files?.[0]) void openFile(input.files[0]);
  input.value = "";
});
$("save").addEventListener("click", saveFile);
$("copy").addEventListener("click", () => void copyText());
$("print").addEventListener("click", () => print());
for (const [event, open] of [["beforeprint", true], ["afterprint", false]] as const) {
  addEventListener(event, () => panel.querySelectorAll("details").forEach((d) => (d.open = open)));
}
addEventListener("beforeunload", (e) => touched && e.preventDefault());

$("age").addEventListener("input", (e) => {
  const field = e.target as HTMLInputElement;
  if (!field.validity.valid) return;
  change((now) => (now.patient = { ...now.patient, age: field.value === "" ? null : Number(field.value) }));
});
$("shape").addEventListener("change", (e) => {
  const shape = (e.target as HTMLSelectElement).value;
  drawing = { ...painter.value, shape };
  painter.setAttribute("src", `/body/${shape}`);
  ask();
});
$("sex").addEventListener("change", (e) => {
  const value = (e.target as HTMLSelectElement).value;
  change((now) => (now.patient = { ...now.patient, sex: value || null }));
});
$("complaint").addEventListener("input", (e) => {
  current.complaint = (e.target as HTMLTextAreaElement).value;
  touched = true; // it is never interpreted, so nothing is asked
});
document.querySelector("form.patient")!.addEventListener("submit", (e) => e.preventDefault());

panel.addEventListener("click", (e) => {
  const button = (e.target as HTMLElement).closest("button");
  if (!button) return;
  const form = button.closest("form");
  const data = button.dataset;
  if (data.choose) {
    chosen = data.choose;
    ask();
  } else if (data.skip) {
    for (const one of data.skip.split(",")) skipped.add(one);
    ask();
  } else if ("unskip" in data) {
    skipped.clear();
    ask();
  } else if (data.unanswer) {
    change((now) => delete now.answers![data.unanswer!]);
  } else if (data.unpress) {
    const [id, side] = data.unpress.split(":");
    change((now) => (now.findings = now.findings!.filter((f) => f.trigger_point !== id || f.side !== side)));
  } else if (data.answer && form) {
    if (form.dataset.turn === "palpation") press(form.dataset.id!, form.dataset.side!, data.answer);
    else answer(form.dataset.id!, [data.answer]);
  }
});

panel.addEventListener("change", (e) => {
  const form = (e.target as HTMLElement).closest("form");
  const button = form?.querySelector<HTMLButtonElement>("button[data-none]");
  if (button) button.textContent = (form!.querySelector(":checked") ? button.dataset.done : button.dataset.none)!;
});

panel.addEventListener("submit", (e) => {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const ticked = [...form.querySelectorAll<HTMLInputElement>(":checked")].map((box) => box.value);
  if (form.dataset.turn === "tick") {
    const ids = form.dataset.ids!.split(",");
    change((now) => {
      now.answers = { ...now.answers, ...Object.fromEntries(ids.map((id) => [id, ticked.includes(id) ? "yes" : "no"])) };
    });
  } else if (ticked.length) {
    answer(form.dataset.id!, ticked);
  }
});

// on a phone the answer lies below the drawing: its first line stays in sight until the answer itself is
new IntersectionObserver(([entry]) => ($("peek").hidden = entry!.isIntersecting)).observe(panel);

void customElements.whenDefined("tautband-painter").then(loadExample);
