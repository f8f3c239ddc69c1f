/** Numbers and tokens as people read them. */

const MINUS = "\u2212";

/** A signed number: +3.43, −1.12; the sign is a glyph, never only a colour. */
export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? MINUS : "+"}${text}`;
}

export function plain(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text;
}

/** A probability in per cent; the small ones keep a digit that is not zero. */
export function percent(probability: number): string {
  const share = probability * 100;
  if (share >= 0.05 || share === 0) return `${share.toFixed(1)}\u202f%`;
  return `${share.toExponential(0).replace("-", MINUS)}\u202f%`;
}

/** A small difference, such as 2e−6. */
export function tiny(value: number): string {
  return value === 0 ? "0" : Math.abs(value).toExponential(0).replace("-", MINUS);
}

/** What a test found, with its mark: ○ where parts at random do as much. */
export function marked(verdict: string): string {
  return `${verdict === "within control" ? "○" : "●"} ${verdict}`;
}

/** Characters that cannot be seen, or that change how the text around them is laid out. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const NAMED: Record<string, string> = { "\n": "\u23ce", "\t": "\u21e5", "\r": "\u240d", " ": "\u00b7" };

/** A token so that all of it can be seen: a leading space is a middle dot, hidden characters are their code points. */
export function visible(text: string): string {
  if (text === "") return "\u2205";
  const shown = [...text].map((character, place) => {
    if (character === " ") return place === 0 || text.trim() === "" ? "\u00b7" : " ";
    if (NAMED[character]) return NAMED[character];
    if (HIDDEN.test(character) || (character.trim() === "" && character !== " ")) return codePoint(character);
    return character;
  });
  return shown.join("");
}

function codePoint(character: string): string {
  return `\u27e8${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}
