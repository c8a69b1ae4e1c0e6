import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Redraws a canvas when a signal that `draw` read changes, at most once per frame. */
export function Canvas({
  draw,
  size,
}: {
  draw: (context: CanvasRenderingContext2D, size: Size) => void;
  /** Receives the size of the canvas. */
  size?: { value: Size };
}): preact.JSX.Element {
  const element = useRef<HTMLCanvasElement>(null);
  const own = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const canvas = element.current!;
    const context = canvas.getContext('2d')!;
    let dispose: (() => void) | undefined;
    let frame = 0;
    const render = (): void => {
      frame = 0;
      dispose?.();
      let drawn = false;
      dispose = effect(() => {
        if (drawn) {
          frame ||= requestAnimationFrame(render);
          return;
        }
        drawn = true;
        const { width, height } = own.value;
        const ratio = devicePixelRatio;
        const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
        if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        if (width > 0 && height > 0) draw(context, own.value);
      });
    };
    const observer = new ResizeObserver(() => {
      own.value = { width: canvas.clientWidth, height: canvas.clientHeight };
      if (size !== undefined) size.value = own.value;
    });
    observer.observe(canvas);
    render();
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      dispose?.();
    };
  }, [draw]);
  return <canvas ref={element} aria-hidden="true" />;
}

/** Position of the pointer in the window, for the tip beside it. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
}
