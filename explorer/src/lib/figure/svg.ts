/** SVG as text: elements, words and how wide they are. No DOM, so that the same input gives the same bytes anywhere. */

/** Lengths are in points, as a paper's are. */
export const MARGIN = 4;
/** What is drawn on is as wide as a column of 85 mm, or a page of 170 mm, without its margins. */
export const COLUMN = points(85) - 2 * MARGIN;
export const PAGE = points(170) - 2 * MARGIN;

export const INK = "#1b1b1a";
export const DIM = "#55554f";
export const LINE = "#c9c9c4";
export const POSITIVE = "#b35806";
export const NEGATIVE = "#542788";
/** Sizes of text in points: what is read, and what stands beside it. */
export const SIZE = 8;
export const SMALL = 6.5;

/** What one piece of a figure draws, from its own upper left corner down. */
export interface Drawn {
  height: number;
  body: string;
}

type Value = string | number | undefined;

function points(mm: number): number {
  return (mm * 72) / 25.4;
}

/** An element; attributes that are undefined are left out. */
export function element(name: string, attributes: Record<string, Value>, inside = ""): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? rounded(value) : escaped(String(value))}"`)
    .join("");
  return inside === "" ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>`;
}

/** A coordinate, to a thousandth of a point. */
export function rounded(value: number): string {
  return Number.isFinite(value) ? String(Math.round(value * 1000) / 1000 + 0) : "0";
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** What XML 1.0 cannot hold, even escaped. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

export function escaped(text: string): string {
  return text.replace(UNWRITABLE, "\ufffd").replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

export interface TextStyle {
  size?: number;
  fill?: string;
  bold?: boolean;
  anchor?: "start" | "middle" | "end";
  /** In degrees, about its anchor. */
  turn?: number;
}

/** One line of text, its baseline at y. */
export function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { size = SIZE, fill = INK, bold = false, anchor = "start", turn = 0 } = style;
  return element(
    "text",
    {
      x,
      y,
      "font-size": size,
      fill,
      "font-weight": bold ? "bold" : undefined,
      "text-anchor": anchor === "start" ? undefined : anchor,
      transform: turn === 0 ? undefined : `rotate(${turn} ${rounded(x)} ${rounded(y)})`,
    },
    isolated(words),
  );
}

/** Text that reads from right to left does not turn what stands around it. */
function isolated(words: string): string {
  return RIGHT_TO_LEFT.test(words) ? `\u2068${escaped(words)}\u2069` : escaped(words);
}

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Whether the first letter of a text is of a script that is written from right to left. */
export function isRightToLeft(words: string): boolean {
  const first = /\p{L}/u.exec(words);
  return first !== null && RIGHT_TO_LEFT.test(first[0]);
}

export function rect(x: number, y: number, width: number, height: number, more: Record<string, Value> = {}): string {
  return element("rect", { x, y, width: Math.max(width, 0), height: Math.max(height, 0), ...more });
}

export function line(x1: number, y1: number, x2: number, y2: number, more: Record<string, Value> = {}): string {
  return element("line", { x1, y1, x2, y2, stroke: LINE, "stroke-width": 0.5, ...more });
}

/** A drawing moved to its place. */
export function moved(x: number, y: number, body: string): string {
  return element("g", { transform: `translate(${rounded(x)} ${rounded(y)})` }, body);
}

/** A filled rectangle; what is negative is hatched too, so that it reads in grey. */
export function signedRect(x: number, y: number, width: number, height: number, negative: boolean): string {
  const plain = rect(x, y, width, height, { fill: negative ? NEGATIVE : POSITIVE });
  return negative ? plain + rect(x, y, width, height, { fill: "url(#hatched)" }) : plain;
}

export const DEFINITIONS = element(
  "defs",
  {},
  element(
    "pattern",
    { id: "hatched", width: 3, height: 3, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    rect(0, 0, 1.1, 3, { fill: "#fff" }),
  ),
);

/** Widths of the letters from the space on, in thousandths of an em: of Helvetica, and of what stands in for it. */
const ASCII = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
];
/** Widths of other letters in ems, by kinds. */
const OTHERS: [RegExp, number][] = [
  [/\p{M}|[\u200b-\u200f\u2060-\u2069]/u, 0],
  [/[\u00b7\u2018\u2019]/, 0.3],
  [/[\u201c\u201d]/, 0.36],
  [/[\u2190-\u21ff\u2026]/, 1],
  [/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uff60\u{1f000}-\u{3ffff}]/u, 1.05],
];
const UNKNOWN = 0.62;
/** Fonts differ a little. */
const ROOM = 1.02;

/** About how wide a text is. */
export function widthOf(words: string, size = SIZE, bold = false): number {
  const ems = [...words].reduce((sum, letter) => sum + emsOf(letter), 0);
  return ems * size * ROOM * (bold ? 1.07 : 1);
}

function emsOf(letter: string): number {
  const ascii = ASCII[(letter.codePointAt(0) ?? 0) - 32];
  return ascii === undefined ? (OTHERS.find(([kind]) => kind.test(letter))?.[1] ?? UNKNOWN) : ascii / 1000;
}

/** A text cut to a width, with a mark where it was cut. */
export function cut(words: string, width: number, size = SIZE): string {
  if (widthOf(words, size) <= width) return words;
  const letters = [...words];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`, size) > width) letters.pop();
  return `${letters.join("")}…`;
}

/** A text in lines of at most a width; a word that is longer is broken. */
export function wrapped(words: string, width: number, size = SIZE): string[] {
  const lines: string[] = [];
  let last = "";
  for (const word of words.split(" ").flatMap((each) => broken(each, width, size))) {
    const longer = last === "" ? word : `${last} ${word}`;
    if (last !== "" && widthOf(longer, size) > width) {
      lines.push(last);
      last = word;
    } else last = longer;
  }
  return last === "" ? lines : [...lines, last];
}

function broken(word: string, width: number, size: number): string[] {
  const pieces = [""];
  for (const letter of word) {
    const longer = pieces.at(-1) + letter;
    if (widthOf(longer, size) > width && pieces.at(-1) !== "") pieces.push(letter);
    else pieces[pieces.length - 1] = longer;
  }
  return pieces;
}
