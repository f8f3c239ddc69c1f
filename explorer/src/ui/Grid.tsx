/** A grid of coloured cells on a canvas: quick for many cells. The pointer and the arrow keys move over it. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useRedraw } from "../hooks/useRedraw";

interface GridProps {
  label: string;
  columns: number;
  rows: number;
  /** The colour of a cell, or null for an empty one. Row 0 is at the top. */
  colour(column: number, row: number): string | null;
  /** What a cell says, in words. */
  tell(column: number, row: number): string;
  rowName(row: number): string;
  columnName(column: number): string;
  /** Marked by a frame. */
  marked?: (column: number, row: number) => boolean;
  onChoose?: (column: number, row: number) => void;
  height?: number;
}

const LEFT = 34;

export function Grid(props: GridProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursor = useSignal<[number, number] | null>(null);
  const cell = useRef({ width: 1, height: 1 });
  const { columns, rows } = props;

  useRedraw(() => {
    const element = canvas.current;
    const width = element?.parentElement?.clientWidth ?? 0;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0) return;
    const size = {
      width: Math.min(Math.max((width - LEFT) / Math.max(columns, 1), 7), 64),
      height: props.height ?? Math.min(Math.max(320 / Math.max(rows, 1), 9), 22),
    };
    cell.current = size;
    const [total, high] = [LEFT + size.width * columns, size.height * rows + namesHeight(props)];
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
    const column = Math.floor((event.clientX - box.left - LEFT) / cell.current.width);
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
  const told = cursor.value && cursor.value[0] < columns && cursor.value[1] < rows ? props.tell(...cursor.value) : null;
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
        {told ?? "\u00a0"}
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
}

function drawCells(context: Context, props: GridProps, size: Size): void {
  for (let row = 0; row < props.rows; row += 1)
    for (let column = 0; column < props.columns; column += 1) {
      const colour = props.colour(column, row);
      if (colour === null) continue;
      context.fillStyle = colour;
      const gap = size.width > 10 ? 1 : 0;
      context.fillRect(LEFT + column * size.width, row * size.height, size.width - gap, size.height - gap);
      if (props.marked?.(column, row)) frame(context, [column, row], size, "#e8710a", 2);
    }
}

function frame(context: Context, [column, row]: [number, number], size: Size, colour: string, width: number): void {
  context.strokeStyle = colour || "#e8710a";
  context.lineWidth = width;
  context.strokeRect(LEFT + column * size.width + 1, row * size.height + 1, size.width - 2, size.height - 2);
}

/** Names of rows and columns, as many as have room. */
function drawNames(context: Context, props: GridProps, size: Size, ink: string): void {
  context.fillStyle = ink;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  context.textAlign = "right";
  const everyRow = Math.ceil(12 / size.height);
  for (let row = props.rows - 1; row >= 0; row -= everyRow)
    context.fillText(props.rowName(row), LEFT - 4, (row + 0.5) * size.height);
  const everyColumn = Math.ceil(13 / size.width);
  for (let column = 0; column < props.columns; column += everyColumn) {
    context.save();
    context.translate(LEFT + (column + 0.5) * size.width, props.rows * size.height + 4);
    context.rotate(-Math.PI / 4);
    context.fillText(clip(props.columnName(column)), 0, 4);
    context.restore();
  }
}

/** The room that the slanted names below the columns take. */
function namesHeight(props: GridProps): number {
  const names = Array.from({ length: props.columns }, (_, column) => clip(props.columnName(column)).length);
  return 18 + 5 * Math.max(0, ...names);
}

function clip(text: string): string {
  const letters = [...text];
  return letters.length > 11 ? `${letters.slice(0, 10).join("")}…` : text;
}
