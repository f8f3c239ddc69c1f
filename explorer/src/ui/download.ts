/** Files that the page makes: kept by the browser, from no server. */
import type { Figure } from "../lib/figure/figure";
import { DPI, withDensity } from "../lib/figure/png";

/** Hands a file to the browser to keep. */
export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

/** A figure as a PNG of 300 dots an inch. */
export async function pngOf({ svg, width, height }: Figure): Promise<Uint8Array<ArrayBuffer>> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round((width / 72) * DPI);
  canvas.height = Math.round((height / 72) * DPI);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser draws no pictures.");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("The picture is too large for this browser.");
  return withDensity(new Uint8Array(await blob.arrayBuffer()));
}
