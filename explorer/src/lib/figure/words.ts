/** The words: the prompt as text, each word coloured by what taking it away does, the number under it, and the answer. */
import type { ExplainPayload, UnitWithout } from "../../protocol/payloads";
import { inkOn, signColour } from "../colours";
import { percent, signed, visible } from "../format";
import { counts, kindOf, largestOf, leftOf, restsThere, type Stretch, stretchesOf, stretchesOfText } from "../words";
import { type Asked, type Figure, figure, shown } from "./figure";
import { legend } from "./map";
import { named, targetOf } from "./said";
import {
  DIM,
  type Drawn,
  element,
  INK,
  isRightToLeft,
  PAGE,
  POSITIVE,
  rect,
  SMALL,
  text,
  widthOf,
  wrapped,
} from "./svg";
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
  const boxes = stretches.flatMap((stretch, place) => boxesOf(stretch, stretches[place - 1], explained, largest));
  const rtl = isRightToLeft(asked.source ?? asked.prompt);
  const lines = laid([...boxes, answerBox(explained, rtl)]);
  const left = lines.slice(0, Math.max(0, lines.length - MOST_LINES));
  const kept = lines.slice(left.length);
  const leftOut = left.flat().filter(([box]) => box.ends).length;
  const pieces = [textOf(kept, rtl), legend(scale(explained, largest), PAGE)];
  const windowed = leftOut > 0 ? ` The first ${leftOut} are not shown.` : "";
  return figure(PAGE, pieces, {
    shows: `${says(explained)}${windowed}`,
    made: explained,
    asked,
    about: targetOf(explained.target),
  });
}

function says({ words, target, reference }: ExplainPayload): string {
  if (!words) return `The prompt, and what the model says: “${named(target.text)}”.`;
  const what =
    reference.kind === "versus"
      ? `the lead of “${named(target.text)}” over “${named(reference.text ?? "")}”, in logits,`
      : `the probability of “${named(target.text)}”`;
  const first = words.units.some(restsThere)
    ? ` Dashed, not counted: the first ${kindOf(words)}; any text loses about as much without its first, since many heads rest there whatever it says.`
    : "";
  return `Under each ${kindOf(words)}: ${what} when that ${kindOf(words)} alone is ${words.how === "mask" ? "hidden" : "deleted"} (↓ it falls, ↑ it rises).${first}`;
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
  /** Whether a unit ends with it. */
  ends: boolean;
  /** What is drawn at some x. */
  draw(x: number): string;
}

/** A stretch as boxes: one, or of a long sentence one a line, with the number under the last. */
function boxesOf(stretch: Stretch, last: Stretch | undefined, explained: ExplainPayload, largest: number): Box[] {
  const { unit, role } = stretch;
  const lines = wrapped(stretch.text.trim() === "" ? visible(stretch.text) : shown(stretch.text), PAGE - 2 * PAD, WORD);
  const number = unit === null ? "" : unit.mark === "last" ? "asked here" : leftOf(unit, explained);
  const opens = role !== null && role !== (last?.role ?? null);
  return lines.map((words, place) => {
    const first = place === 0;
    const under = place === lines.length - 1 ? number : "";
    const width = Math.max(widthOf(words, WORD) + 2 * PAD, widthOf(under, SMALL) + 2);
    return {
      width,
      ends: place === lines.length - 1,
      breaks: first && (opens || stretch.before.includes("\n")),
      draw: (x) => {
        const { ink, ground } = painted(unit, largest, x, width);
        return [
          opens && first ? text(x, -2, role, { size: SMALL, fill: DIM }) : "",
          ground,
          text(x + width / 2, BOX - 4.2, words, { size: WORD, fill: ink, anchor: "middle" }),
          text(x + width / 2, BOX + 8, under, { size: SMALL, fill: DIM, anchor: "middle" }),
        ].join("");
      },
    };
  });
}

/** The ground of a unit, and the colour of the letters on it. */
function painted(unit: UnitWithout | null, largest: number, x: number, width: number): { ink: string; ground: string } {
  if (unit === null) return { ink: DIM, ground: "" };
  const frame = (more: Record<string, string | number>) => rect(x, 0, width, BOX, { rx: 2, fill: "none", ...more });
  if (restsThere(unit))
    return { ink: INK, ground: frame({ stroke: POSITIVE, "stroke-width": 0.8, "stroke-dasharray": "2 1.5" }) };
  if (unit.mark === "last") return { ink: INK, ground: frame({ stroke: "#9a9a94", "stroke-width": 0.6 }) };
  const fill = colourOf(unit.effect, largest);
  const hatched = unit.effect < -0.1 ? rect(x, BOX - 3, width, 3, { fill: "url(#hatched)" }) : "";
  return { ink: inkOn(fill), ground: frame({ fill }) + hatched };
}

function answerBox({ target, reference, ledger }: ExplainPayload, rtl: boolean): Box {
  const word = named(target.text);
  const number = reference.kind === "versus" ? `${signed(ledger.value)} with all` : percent(target.probability);
  const arrow = widthOf("→", WORD) + 8;
  const inner = Math.max(widthOf(word, WORD, true) + 2 * PAD + 2, widthOf(number, SMALL) + 4);
  return {
    width: arrow + inner,
    breaks: false,
    ends: true,
    draw: (x) => {
      const [left, middle] = rtl ? [x, x + inner + arrow / 2] : [x + arrow, x + arrow / 2];
      return [
        text(middle, BOX - 4.2, rtl ? "←" : "→", { size: WORD, fill: DIM, anchor: "middle" }),
        rect(left, 0, inner, BOX, { rx: 2, fill: "none", stroke: INK, "stroke-width": 1 }),
        text(left + inner / 2, BOX - 4.2, word, { size: WORD, bold: true, anchor: "middle" }),
        text(left + inner / 2, BOX + 8, number, { size: SMALL, bold: true, anchor: "middle" }),
      ].join("");
    },
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
      "counted",
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
      counts(unit) ? 1 : 0,
    ]),
  };
}
