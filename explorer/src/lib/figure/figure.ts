/** A whole figure: pieces below each other on white ground, and a caption that says what it shows and of what. */
import type { ModelFacts } from "../../protocol/payloads";
import { visible } from "../format";
import { DEFINITIONS, DIM, type Drawn, element, escaped, MARGIN, moved, rect, rounded, text, wrapped } from "./svg";

export interface Figure {
  /** The whole document. */
  svg: string;
  /** In points. */
  width: number;
  height: number;
}

/** What was asked, as it was typed. */
export interface Asked {
  prompt: string;
  /** The prompt beside it, B, where two are compared. */
  beside?: string;
  /** What an encoder read. */
  source?: string | null;
}

export interface Caption {
  /** What the figure shows, in a sentence or two. */
  shows: string;
  /** What every payload says of how it was made. */
  made: { model: ModelFacts; versions: Record<string, string> };
  asked: Asked;
  /** What was asked about, such as "Target: Paris (77.3%)." */
  about?: string;
}

const GAP = 8;
const HASH_DIGITS = 12;
const PROMPT_LETTERS = 160;

/** A figure of some width, of pieces that are as wide. */
export function figure(width: number, pieces: readonly Drawn[], caption: Caption): Figure {
  let y = MARGIN;
  const placed = [...pieces, captioned(width, caption)].map((piece) => {
    const body = moved(MARGIN, y, piece.body);
    y += piece.height + GAP;
    return body;
  });
  const size = { width: width + 2 * MARGIN, height: y - GAP + MARGIN };
  const ground = rect(0, 0, size.width, size.height, { fill: "#fff" });
  const svg = element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: `${millimetres(size.width)}mm`,
      height: `${millimetres(size.height)}mm`,
      viewBox: `0 0 ${rounded(size.width)} ${rounded(size.height)}`,
      "font-family": "Helvetica, Arial, sans-serif",
    },
    [element("title", {}, escaped(caption.shows)), DEFINITIONS, ground, ...placed].join("\n"),
  );
  return { svg: `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`, ...size };
}

function millimetres(length: number): string {
  return rounded((length * 25.4) / 72);
}

const CAPTION = { size: 7, step: 8.6 };
const MADE = { size: 6, step: 7.6 };

function captioned(width: number, caption: Caption): Drawn {
  const shows = wrapped(caption.shows, width, CAPTION.size);
  const made = wrapped(provenance(caption), width, MADE.size);
  const lines = [
    ...shows.map((words, place) => text(0, CAPTION.step * (place + 0.8), words, { size: CAPTION.size })),
    ...made.map((words, place) =>
      text(0, CAPTION.step * shows.length + 2 + MADE.step * (place + 0.8), words, { size: MADE.size, fill: DIM }),
    ),
  ];
  return { height: CAPTION.step * shows.length + 2 + MADE.step * made.length, body: lines.join("\n") };
}

/** What someone needs who wants to make the figure again. */
function provenance({ made, asked, about }: Caption): string {
  const { model, versions } = made;
  const hash = model.weights_sha256;
  const facts = [
    model.name,
    model.dtype,
    hash ? `weights SHA-256 ${hash.slice(0, HASH_DIGITS)}` : "weights of a module in memory",
    ...(model.edits?.length ? [`edited: ${model.edits.map(shown).join("; ")}`] : []),
    versions.unembed ? `unembed ${versions.unembed}` : "unembed",
  ];
  const texts = [
    asked.source ? `Source: “${shortened(asked.source)}”.` : "",
    `Prompt${asked.beside === undefined ? "" : " A"}: “${shortened(asked.prompt)}”.`,
    asked.beside === undefined ? "" : `Prompt B: “${shortened(asked.beside)}”.`,
  ];
  return [`${shown(facts.join(", "))}.`, ...texts, about ?? ""].filter(Boolean).join(" ");
}

/** Joins letters, or chooses between two of their forms: written text needs it. */
const JOINERS = new Set(["\u200c", "\u200d", "\ufe0e", "\ufe0f"]);

/** A text as it is written, of which all else can be seen. */
export function shown(words: string): string {
  return [...words].map((letter) => (letter === " " || JOINERS.has(letter) ? letter : visible(letter))).join("");
}

/** A long text by its beginning and its end. */
function shortened(words: string): string {
  const letters = [...shown(words)];
  const half = Math.floor(PROMPT_LETTERS / 2);
  return letters.length <= PROMPT_LETTERS
    ? letters.join("")
    : `${letters.slice(0, half).join("")} … ${letters.slice(-half).join("")}`;
}
