/** Numbers and tokens as people read them: by the rule of src/unembed/view/glyphs.py, which one table of cases tests. */

import type { Effect } from "../protocol/payloads";

const MINUS = "\u2212";
const LARGE = 1e6;

/** A number with a fixed count of decimals: 17.37, −1.86. */
export function decimal(value: number, digits = 2): string {
  return written(value, digits, "");
}

/** A number with its sign: +3.43, −1.12, 0.00; the sign is a glyph, never only a colour. */
export function signed(value: number, digits = 2): string {
  return written(value, digits, "+");
}

function written(value: number, digits: number, plus: string): string {
  const size = Math.abs(value);
  if (!(size < LARGE)) return scientific(value, digits, plus);
  const text = size.toFixed(digits);
  return Number(text) === 0 ? text : sign(value, plus) + text;
}

/** A number of any size with one digit and `digits` decimals: 4e-06. `plus` stands before a positive one. */
export function scientific(value: number, digits = 0, plus = ""): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = Number.isFinite(size) ? size.toExponential(digits).replace(/([+-])(\d)$/, "$10$2") : "\u221e";
  return sign(value, plus) + text;
}

function sign(value: number, plus: string): string {
  return value < 0 ? MINUS : plus;
}

/** A probability for reading: 77.2%, 0.04%, <0.01%, >99.9%. */
export function percent(probability: number): string {
  if (probability < 1e-4) return "<0.01%";
  const text = decimal(100 * probability, probability >= 1e-3 ? 1 : 2);
  return text === "100.0" ? ">99.9%" : `${text}%`;
}

/** A share for reading, which may be none, all or more: 0.0%, 41.2%, 100.0%. */
export function share(part: number): string {
  return `${decimal(100 * part, 1)}%`;
}

/** Two probabilities in a sentence, with more decimals where the odds differ and one would not show it. */
export function told(before: number, after: number): [string, string] {
  if (Math.max(before, after) < 1e-4) return [scientific(before, 1), scientific(after, 1)];
  const [one, other] = [percent(before), percent(after)];
  if (!apart(before, after) || (one !== other && !nearOne(before, after))) return [one, other];
  let digits = 2;
  while (digits < 4 && !toldApart(before, after, digits)) digits++;
  return [`${hundredths(before, digits)}%`, `${hundredths(after, digits)}%`];
}

/** Per cent; what would be written as 0 or 100 and is not, as less than one, or more than all but one, unit. */
function hundredths(probability: number, digits: number): string {
  const text = decimal(100 * probability, digits);
  if (probability <= 0 || probability >= 1 || ![0, 100].includes(Number(text))) return text;
  const unit = 10 ** -digits;
  return Number(text) === 0 ? `<${decimal(unit, digits)}` : `>${decimal(100 - unit, digits)}`;
}

function toldApart(before: number, after: number, digits: number): boolean {
  const texts = [hundredths(before, digits), hundredths(after, digits)];
  return texts[0] !== texts[1] && !(nearOne(before, after) && texts.some((text) => text.includes(">")));
}

function nearOne(before: number, after: number): boolean {
  return Math.min(before, after) > 0.99;
}

/** Whether the odds differ by a tenth or more: enough to be worth a word. */
function apart(one: number, other: number): boolean {
  const [low, high] = one < other ? [one, other] : [other, one];
  return high * (1 - low) > 1.1 * low * (1 - high);
}

/** What a test found, with its mark: ○ where the effect is none, or small and parts of the kind do as much; ~ where rounding could change the word. */
export function marked(effect: Effect): string {
  const { verdict, size } = effect;
  const mark = size === "none" || verdict === "ordinary" ? "○" : "●";
  const words = verdict === null ? size : verdict === "ordinary" ? verdict : `${size} ${verdict}`;
  return `${mark} ${words}${effect.borderline ? " ~" : ""}`;
}

const SHOWN: Record<string, string> = { " ": "\u00b7", "\n": "\u21b5", "\t": "\u21e5" };
/** Characters that cannot be seen, or that change how the text around them is laid out. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** A token as it is shown: all of it can be seen. */
export function visible(text: string): string {
  return [...text].map((c) => SHOWN[c] ?? (HIDDEN.test(c) ? codePoint(c) : c)).join("") || "''";
}

const RIGHT_TO_LEFT = "[\\u0590-\\u08ff\\ufb1d-\\ufdff\\ufe70-\\ufefc]";
const STRETCH = new RegExp(`${RIGHT_TO_LEFT}(?:[^\\x21-\\x7e\\u2190-\\u21ff]*${RIGHT_TO_LEFT})*`, "gu");

/** A line of the page whose right-to-left words are kept apart: else numbers after one would be shown in reverse. */
export function isolated(line: string): string {
  return line.replace(STRETCH, "\u2068$&\u2069");
}

/** A token as it is shown within a line of the page. */
export function seen(text: string): string {
  return isolated(visible(text));
}

/** A token in its place: its name, and what it shares with its neighbours where they make one character. */
export interface Placed {
  text: string;
  fragment?: string | null | undefined;
}

/** A token as it is shown in its place: the part of a character that it holds, `首 1/3`, else its name; "" for none. */
export function labelOf(token: Placed | null | undefined): string {
  return token ? (token.fragment ?? visible(token.text)) : "";
}

/** What tokens say together: a character that several share stands once. */
export function textOf(tokens: readonly Placed[]): string {
  const said = (shown: string) =>
    shown.replace(/(\S+) (\d+)\/\d+/gu, (_, letter, part) => (part === "1" ? letter : "")).replaceAll(" ", "");
  return tokens.map(({ text, fragment }) => (fragment == null ? text : said(fragment))).join("");
}

const BLANKS: Record<string, string> = { " ": "space", "\n": "line break", "\t": "tab" };

/** A token of nothing but white space, in words: a space, 2 line breaks; null for all others. */
export function blank(text: string): string | null {
  const name = BLANKS[text[0] ?? ""];
  if (name === undefined || [...text].some((c) => c !== text[0])) return null;
  return text.length === 1 ? `a ${name}` : `${text.length} ${name}s`;
}

/** A token in running text: without the white space around it, and named where it is nothing else. */
export function bare(text: string): string {
  return blank(text) ?? visible(text.trim() === "" ? text : text.trim());
}

/** A token in running text beside others: with the white space by which alone it differs from one of them. */
export function bareBeside(text: string, others: readonly string[]): string {
  const name = bare(text);
  return blank(text) === null && others.some((other) => other !== text && bare(other) === name) ? visible(text) : name;
}

function codePoint(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits}`;
}
