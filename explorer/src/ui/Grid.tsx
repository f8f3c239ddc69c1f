/** A grid of coloured cells on a canvas: quick for many cells. The pointer and the arrow keys move over it. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useRedraw } from "../hooks/useRedraw";
import { inkOn } from "../lib/colours";

interface GridProps {
  label: string;
  columns: number;
  rows: number;
  /** The colour of a cell, or null for an empty one. Row 0 is at the top. */
  colour(column: number, row: number): string | null;
  /** What a cell says, in words. */
  tell(column: number, row: number): ComponentChildren;
  /** The cell that is told while none is pointed at; without it, how to point at one. */
  rest?: [number, number];
  /** What stands in a cell, as far as it fits. */
  text?: (column: number, row: number) => string;
  rowName(row: number): string;
  columnName(column: number): string;
  /** Marked by a frame. */
  marked?: (column: number, row: number) => boolean;
  onChoose?: (column: number, row: number) => void;
  height?: number;
}

const FONT = "system-ui, sans-serif";
const [SMALL, NARROWEST_WITH_TEXT, WIDEST_WITH_TEXT] = [11, 46, 120];

export function Grid(props: GridProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = useSignal<[number, number] | null>(null);
  const cell = useRef<Size>({ width: 1, height: 1, left: 0 });
  const { columns, rows } = props;

  useRedraw(() => {
    const element = canvas.current;
    const width = element?.parentElement?.clientWidth ?? 0;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0) return;
    const size = sizeOf(context, props, width);
    cell.current = size;
    const [total, high] = [size.left + size.width * columns, size.height * rows + namesHeight(context, props, size)];
    const ratio = devicePixelRatio || 1;
    element.width = total * ratio;
    element.height = high * ratio;
    element.style.width = `${total}px`;
    element.style.height = `${high}px`;
    context.scale(ratio, ratio);
    drawCells(context, props, size);
    drawNames(context, props, size, getComputedStyle(element).color);
    if (cursor.value) frame(context, cursor.value, size, getComputedStyle(element).getPropertyValue("--accent"), 3);
  });

  const at = (event: MouseEvent): [number, number] | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return null;
    const column = Math.floor((event.clientX - box.left - cell.current.left) / cell.current.width);
    const row = Math.floor((event.clientY - box.top) / cell.current.height);
    return column >= 0 && column < columns && row >= 0 && row < rows ? [column, row] : null;
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here: [number, number] = cursor.value ?? [columns - 1, 0];
    if (step) {
      const [right = 0, down = 0] = step;
      cursor.value = [clamp(here[0] + right, columns), clamp(here[1] + down, rows)];
    } else if ((event.key === "Enter" || event.key === " ") && props.onChoose) props.onChoose(...here);
    else return;
    event.preventDefault();
  };
  const here = cursor.value ?? props.rest;
  const told = here && here[0] < columns && here[1] < rows ? props.tell(...here) : null;
  return (
    <>
      <div class="grid">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes keys as an application does */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label={`${props.label}. Arrow keys move${props.onChoose ? ", Enter chooses" : ""}; a table follows.`}
          onMouseMove={(event) => (cursor.value = at(event))}
          onMouseLeave={() => (cursor.value = null)}
          onClick={(event) => {
            const found = at(event);
            if (found) props.onChoose?.(...found);
          }}
          onKeyDown={move}
        />
      </div>
      <p class="told" aria-live="polite">
        {told || "Point at a cell, or move over the cells with the arrow keys."}
      </p>
    </>
  );
}

function clamp(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length - 1);
}

type Context = CanvasRenderingContext2D;
interface Size {
  width: number;
  height: number;
  /** The room of the names of rows. */
  left: number;
}

function sizeOf(context: Context, props: GridProps, room: number): Size {
  const { columns, rows } = props;
  context.font = `${SMALL}px ${FONT}`;
  const names = Array.from({ length: rows }, (_, row) => context.measureText(clip(props.rowName(row))).width);
  const left = Math.ceil(Math.max(24, ...names)) + 8;
  const [least, most] = props.text ? [NARROWEST_WITH_TEXT, WIDEST_WITH_TEXT] : [7, 64];
  const lowest = props.text ? 15 : 9;
  return {
    left,
    width: Math.min(Math.max((room - left) / Math.max(columns, 1), least), most),
    height: props.height ?? Math.min(Math.max(320 / Math.max(rows, 1), lowest), 22),
  };
}

function drawCells(context: Context, props: GridProps, size: Size): void {
  for (let row = 0; row < props.rows; row += 1)
    for (let column = 0; column < props.columns; column += 1) {
      const colour = props.colour(column, row);
      if (colour === null) continue;
      context.fillStyle = colour;
      const gap = size.width > 10 ? 1 : 0;
      context.fillRect(size.left + column * size.width, row * size.height, size.width - gap, size.height - gap);
      if (props.text) write(context, props.text(column, row), [column, row], size, inkOn(colour));
      if (props.marked?.(column, row)) frame(context, [column, row], size, "#e8710a", 2);
    }
}

/** As much of a text as fits into its cell. */
function write(context: Context, text: string, [column, row]: [number, number], size: Size, ink: string): void {
  context.font = `${Math.min(SMALL, size.height - 4)}px ${FONT}`;
  context.fillStyle = ink;
  context.textBaseline = "middle";
  context.textAlign = "center";
  const letters = [...text];
  let shown = text;
  while (letters.length > 1 && context.measureText(shown).width > size.width - 4) {
    letters.pop();
    shown = `${letters.join("")}…`;
  }
  context.fillText(shown, size.left + (column + 0.5) * size.width, (row + 0.5) * size.height);
}

function frame(context: Context, [column, row]: [number, number], size: Size, colour: string, width: number): void {
  context.strokeStyle = colour || "#e8710a";
  context.lineWidth = width;
  context.strokeRect(size.left + column * size.width + 1, row * size.height + 1, size.width - 2, size.height - 2);
}

/** Names of rows and columns, as many as have room. */
function drawNames(context: Context, props: GridProps, size: Size, ink: string): void {
  context.fillStyle = ink;
  context.font = `${SMALL}px ${FONT}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const everyRow = Math.ceil(12 / size.height);
  for (let row = props.rows - 1; row >= 0; row -= everyRow)
    context.fillText(clip(props.rowName(row)), size.left - 4, (row + 0.5) * size.height);
  const flat = isFlat(context, props, size);
  const everyColumn = flat ? 1 : Math.ceil(13 / size.width);
  for (let column = 0; column < props.columns; column += everyColumn) {
    context.save();
    context.translate(size.left + (column + 0.5) * size.width, props.rows * size.height + 4);
    if (flat) context.textAlign = "center";
    else context.rotate(-Math.PI / 4);
    context.fillText(clip(props.columnName(column)), 0, flat ? 8 : 4);
    context.restore();
  }
}

/** Whether the names of columns stand side by side without a slant. */
function isFlat(context: Context, props: GridProps, size: Size): boolean {
  const names = Array.from({ length: props.columns }, (_, column) => clip(props.columnName(column)));
  return names.every((name) => context.measureText(name).width <= size.width - 4);
}

/** The room that the names below the columns take. */
function namesHeight(context: Context, props: GridProps, size: Size): number {
  if (isFlat(context, props, size)) return 22;
  const names = Array.from({ length: props.columns }, (_, column) => clip(props.columnName(column)).length);
  return 18 + 5 * Math.max(0, ...names);
}

function clip(text: string): string {
  const letters = [...text];
  return letters.length > 11 ? `${letters.slice(0, 10).join("")}…` : text;
}
