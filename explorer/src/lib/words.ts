/** The prompt as text, in the units that were taken away one by one. */

import type { ExplainPayload, PromptToken, PromptWords, UnitWithout } from "../protocol/payloads";

import { signed, textOf, told, visible } from "./format";

/** Characters of a unit that are shown where it is named. */
const LONGEST = 40;

/** A stretch of the prompt: a unit, or tokens between units, such as marks of a chat's template. */
export interface Stretch {
  unit: UnitWithout | null;
  /** White space before it, as it is written; never part of what is coloured. */
  before: string;
  text: string;
  tokens: PromptToken[];
  role: string | null;
}

/** All stretches in order. Tokens of no unit are kept as they are, one stretch for each run of them. */
export function stretchesOf(explained: ExplainPayload, units: readonly UnitWithout[]): Stretch[] {
  const of = new Map(units.flatMap((unit) => unit.positions.map((position) => [position, unit] as const)));
  const found: Stretch[] = [];
  let last: Stretch | null = null;
  for (const token of explained.tokens) {
    const unit = of.get(token.position) ?? null;
    if (last && last.unit === unit && last.role === (token.role ?? null)) {
      last.tokens.push(token);
    } else {
      last = { unit, before: "", text: "", tokens: [token], role: token.role ?? null };
      found.push(last);
    }
  }
  return found.map((stretch) => trimmed({ ...stretch, text: saidBy(stretch.tokens) }));
}

/** A token alone as it is shown in its place; several, what they say together. */
function saidBy(tokens: readonly PromptToken[]): string {
  const [only] = tokens;
  return tokens.length === 1 && only?.fragment ? only.fragment : textOf(tokens);
}

/** The largest effect among the units that are coloured: those that count. */
export function largestOf(units: readonly UnitWithout[]): number {
  return Math.max(0, ...units.filter(counts).map((unit) => Math.abs(unit.effect)));
}

/** What a unit is called: a prompt of too many of every kind is cut into pieces. */
export function kindOf({ by }: Pick<PromptWords, "by">): string {
  return by === "spans" ? "piece" : by;
}

/** The stretches of a text whose units are known by their characters: what an encoder read. */
export function stretchesOfText(text: string, units: readonly UnitWithout[]): Stretch[] {
  const letters = [...text];
  let end = 0;
  const found: Stretch[] = [];
  for (const unit of units) {
    if (unit.start === null || unit.end === null) continue;
    const before = letters.slice(end, unit.start).join("");
    found.push({ unit, before, text: letters.slice(unit.start, unit.end).join(""), tokens: [], role: null });
    end = unit.end;
  }
  const left = letters.slice(end).join("");
  return left.trim() === "" ? found : [...found, { unit: null, before: "", text: left, tokens: [], role: null }];
}

/** White space moved out of the text. A unit's own text holds characters whole, of which its tokens hold bytes. */
function trimmed(stretch: Stretch): Stretch {
  const { unit, tokens } = stretch;
  if (unit && tokens.length > 1 && unit.text.trim() !== "") {
    const before = /^\s*/.exec(stretch.text)?.[0] ?? "";
    return { ...stretch, before, text: unit.text.trim() };
  }
  const whole = stretch.text;
  const text = whole.trimStart();
  return text === ""
    ? { ...stretch, text: whole }
    : { ...stretch, before: whole.slice(0, whole.length - text.length), text };
}

/** A unit by its text, of which a long one shows its beginning. */
export function nameOfUnit({ text, positions }: UnitWithout, tokens: readonly PromptToken[] = []): string {
  const alone = positions.length === 1 ? tokens[positions[0] ?? -1]?.fragment : null;
  if (alone) return alone;
  const letters = [...(text.trim() === "" ? visible(text) : text.trim().split(/\s+/).map(visible).join(" "))];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
}

/** The unit of most effect among those that are ranked: what is told of before a word is chosen. */
export function strongestOf(units: readonly UnitWithout[]): UnitWithout | null {
  const ranked = units.filter(counts);
  return [...(ranked.length > 0 ? ranked : units)].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect))[0] ?? null;
}

/** Whether the effect of a unit tells of it. */
export function counts({ counted, mark }: UnitWithout): boolean {
  return counted ?? mark === null;
}

/** Whether a unit is the first and costs no more than the first of any text does. */
export function restsThere(unit: UnitWithout): boolean {
  return unit.mark === "first" && !counts(unit);
}

/** What is left of the target without a word, with an arrow for the way it goes. */
export function leftOf(unit: UnitWithout, explained: ExplainPayload): string {
  const way = Math.abs(unit.effect) < 0.1 ? "" : unit.effect > 0 ? "↓ to " : "↑ to ";
  if (unit.difference_without !== null) return way + signed(unit.difference_without);
  return way + told(explained.target.probability, unit.probability_without)[1];
}
