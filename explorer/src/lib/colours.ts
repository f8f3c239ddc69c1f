/** Colour scales that people who do not see red and green can read: PuOr for signs, cividis for amounts. */
import { signal } from "@preact/signals";

type Rgb = readonly [number, number, number];

/** ColorBrewer's PuOr (Brewer 2002), from negative (purple) to positive (orange). */
const PUOR: Rgb[] = [
  [84, 39, 136],
  [128, 115, 172],
  [178, 171, 210],
  [247, 247, 247],
  [253, 184, 99],
  [224, 130, 20],
  [179, 88, 6],
];
/** The same hues for a dark ground: nothing is dark, and more is brighter. */
const PUOR_DARK: Rgb[] = [
  [203, 196, 235],
  [146, 133, 194],
  [88, 72, 130],
  [44, 44, 42],
  [128, 76, 20],
  [214, 132, 44],
  [254, 206, 148],
];
/** cividis (Nuñez, Anderton and Renslow 2018). */
const CIVIDIS: Rgb[] = [
  [0, 32, 77],
  [49, 68, 107],
  [102, 105, 112],
  [149, 143, 120],
  [203, 186, 105],
  [255, 234, 70],
];

/** Whether the system's theme is dark. */
export const dark = signal(false);
if (typeof matchMedia !== "undefined") {
  const theme = matchMedia("(prefers-color-scheme: dark)");
  dark.value = theme.matches;
  theme.addEventListener("change", () => {
    dark.value = theme.matches;
  });
}

function between(scale: readonly Rgb[], place: number): Rgb {
  const at = Math.min(Math.max(Number.isFinite(place) ? place : 0, 0), 1) * (scale.length - 1);
  const low = scale[Math.floor(at)] as Rgb;
  const high = scale[Math.ceil(at)] as Rgb;
  const part = at - Math.floor(at);
  return [0, 1, 2].map((channel) => {
    const [from, to] = [low[channel] as number, high[channel] as number];
    return Math.round(from + (to - from) * part);
  }) as unknown as Rgb;
}

/** The colour of a signed value, by its share of the largest absolute value. */
export function signColour(value: number, largest: number, onDark = dark.value): string {
  return css(between(onDark ? PUOR_DARK : PUOR, 0.5 + (largest > 0 ? value / largest : 0) / 2));
}

/** The colour of an amount from 0 to 1. */
export function amountColour(share: number): string {
  return css(between(CIVIDIS, share));
}

/** Black or white, whichever can be read on a colour made here. */
export function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map((text) => {
    const channel = Number(text) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red},${green},${blue})`;
}
