/** The words: the prompt as text, each word coloured by what taking it away does, the number under it, and the answer. */
import type { ExplainPayload, UnitWithout } from "../../protocol/payloads";
import { inkOn, signColour } from "../colours";
import { percent, signed, told, visible } from "../format";
import { type Stretch, stretchesOf, stretchesOfText } from "../words";
import { type Asked, type Figure, figure, shown } from "./figure";
import { legend } from "./map";
import { named, targetOf } from "./said";
import { cut, DIM, type Drawn, element, INK, isRightToLeft, PAGE, rect, SMALL, text, widthOf } from "./svg";
import type { Table } from "./table";

const WORD = 10.5;
const PAD = 3;
const SPACE = 2.5;
const LINE = 30;
const BOX = 15;
/** Lines that a figure shows at most; of a longer prompt those that end where the question is asked. */
const MOST_LINES = 16;

export function wordsFigure(explained: ExplainPayload, asked: Asked): Figure {
  const units = explained.words?.units ?? [];
  const largest = largestOf(units);
  const ofSource = Boolean(asked.source) && units.length > 0;
  const all = ofSource ? stretchesOfText(asked.source ?? "", units) : stretchesOf(explained, units);
  const stretches = all.filter((stretch) => stretch.role !== "template");
  const boxes = stretches.map((stretch, place) => boxOf(stretch, stretches[place - 1], explained, largest));
  const lines = laid([...boxes, answerBox(explained)]);
  const left = lines.slice(0, Math.max(0, lines.length - MOST_LINES));
  const kept = lines.slice(left.length);
  const leftOut = left.reduce((sum, line) => sum + line.length, 0);
  const rtl = isRightToLeft(asked.source ?? asked.prompt);
  const pieces = [textOf(kept, rtl), legend(scale(explained, largest), PAGE)];
  const windowed = leftOut > 0 ? ` The first ${leftOut} words of the prompt are not shown.` : "";
  return figure(PAGE, pieces, {
    shows: `${says(explained)}${windowed}`,
    made: explained,
    asked,
    about: targetOf(explained.target),
  });
}

function largestOf(units: readonly UnitWithout[]): number {
  return Math.max(0, ...units.filter((unit) => unit.mark !== "last").map((unit) => Math.abs(unit.effect)));
}

function says({ words, target, reference }: ExplainPayload): string {
  if (!words) return `The prompt, and what the model says: “${named(target.text)}”.`;
  const what =
    reference.kind === "versus"
      ? `the lead of “${named(target.text)}” over “${named(reference.text ?? "")}”, in logits,`
      : `the probability of “${named(target.text)}”`;
  const first = words.units.some((unit) => unit.mark === "first")
    ? " Dashed: the first word, on which many heads rest whatever it says."
    : "";
  return `Under each ${words.by}: ${what} when that ${words.by} alone is ${words.how === "mask" ? "hidden" : "deleted"} (↓ it falls, ↑ it rises).${first}`;
}

function scale({ reference }: ExplainPayload, largest: number) {
  const versus = reference.kind === "versus";
  return {
    label: versus ? "effect on the lead, logits" : "effect on the log-probability, nats",
    colour: (share: number) => colourOf(1 - 2 * share, 1),
    low: signed(-largest),
    middle: "0",
    high: signed(largest),
  };
}

/** Orange where the word is needed: the target falls without it. */
function colourOf(effect: number, largest: number): string {
  return signColour(largest > 0 ? (0.75 * effect) / largest : 0, 1, false);
}

interface Box {
  width: number;
  /** Whether a new line begins with it. */
  breaks: boolean;
  /** What is drawn at some x. */
  draw(x: number): string;
}

function boxOf(stretch: Stretch, last: Stretch | undefined, explained: ExplainPayload, largest: number): Box {
  const { unit } = stretch;
  const word = cut(stretch.text.trim() === "" ? visible(stretch.text) : shown(stretch.text), PAGE - 2 * PAD, WORD);
  const number = unit === null ? "" : unit.mark === "last" ? "asked here" : leftOf(unit, explained);
  const opens = stretch.role !== null && stretch.role !== (last?.role ?? null);
  const width = Math.max(widthOf(word, WORD) + 2 * PAD, widthOf(number, SMALL) + 2);
  const plain = unit === null || unit.mark !== null || largest === 0;
  const fill = plain ? "none" : colourOf(unit.effect, largest);
  const ink = unit === null ? DIM : plain ? INK : inkOn(fill);
  const frame =
    unit?.mark === "first"
      ? { stroke: "#b35806", "stroke-width": 0.8, "stroke-dasharray": "2 1.5" }
      : unit?.mark === "last"
        ? { stroke: "#9a9a94", "stroke-width": 0.6 }
        : {};
  const hatched = !plain && unit.effect < -0.1;
  return {
    width,
    breaks: opens || stretch.before.includes("\n"),
    draw: (x) =>
      [
        opens ? text(x, -2, stretch.role ?? "", { size: SMALL, fill: DIM }) : "",
        plain && unit?.mark === null ? "" : rect(x, 0, width, BOX, { rx: 2, fill, ...frame }),
        hatched ? rect(x, BOX - 3, width, 3, { fill: "url(#hatched)" }) : "",
        text(x + width / 2, BOX - 4.2, word, { size: WORD, fill: ink, anchor: "middle" }),
        text(x + width / 2, BOX + 8, number, { size: SMALL, fill: DIM, anchor: "middle" }),
      ].join(""),
  };
}

/** What is left of the target without a word, with an arrow for the way it goes. */
function leftOf(unit: UnitWithout, explained: ExplainPayload): string {
  const way = Math.abs(unit.effect) < 0.1 ? "" : unit.effect > 0 ? "↓ " : "↑ ";
  if (unit.difference_without !== null) return way + signed(unit.difference_without);
  return way + told(explained.target.probability, unit.probability_without)[1];
}

function answerBox({ target, reference, ledger }: ExplainPayload): Box {
  const word = named(target.text);
  const number = reference.kind === "versus" ? `${signed(ledger.value)} with all` : percent(target.probability);
  const arrow = widthOf("→", WORD) + 8;
  const inner = Math.max(widthOf(word, WORD, true) + 2 * PAD + 2, widthOf(number, SMALL) + 4);
  return {
    width: arrow + inner,
    breaks: false,
    draw: (x) =>
      [
        text(x + arrow / 2, BOX - 4.2, "→", { size: WORD, fill: DIM, anchor: "middle" }),
        rect(x + arrow, 0, inner, BOX, { rx: 2, fill: "none", stroke: INK, "stroke-width": 1 }),
        text(x + arrow + inner / 2, BOX - 4.2, word, { size: WORD, bold: true, anchor: "middle" }),
        text(x + arrow + inner / 2, BOX + 8, number, { size: SMALL, bold: true, anchor: "middle" }),
      ].join(""),
  };
}

/** Boxes in lines, each with the x at which it starts. */
function laid(boxes: readonly Box[]): [Box, number][][] {
  const lines: [Box, number][][] = [[]];
  let x = 0;
  for (const box of boxes) {
    if (x > 0 && (box.breaks || x + box.width > PAGE)) {
      lines.push([]);
      x = 0;
    }
    lines.at(-1)?.push([box, x]);
    x += box.width + SPACE;
  }
  return lines;
}

function textOf(lines: readonly [Box, number][][], rtl: boolean): Drawn {
  const body = lines.map((line, place) =>
    element(
      "g",
      { transform: `translate(0 ${place * LINE + 9})` },
      line.map(([box, x]) => box.draw(rtl ? PAGE - x - box.width : x)).join("\n"),
    ),
  );
  return { height: lines.length * LINE + 9 - (LINE - BOX - 10), body: body.join("\n") };
}

export function wordsTable(explained: ExplainPayload): Table {
  return {
    head: [
      "unit",
      "first_position",
      "last_position",
      "effect",
      "probability",
      "probability_without",
      "log_probability_without",
      "logit_without",
      "difference_without",
      "says_instead",
      "its_probability",
      "mark",
    ],
    rows: (explained.words?.units ?? []).map((unit) => [
      unit.text,
      unit.positions[0] ?? null,
      unit.positions.at(-1) ?? null,
      unit.effect,
      explained.target.probability,
      unit.probability_without,
      unit.log_probability_without,
      unit.logit_without,
      unit.difference_without,
      unit.instead.text,
      unit.instead.probability,
      unit.mark,
    ]),
  };
}
