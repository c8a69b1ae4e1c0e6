/** Two buttons that zoom a drawing, and between them what belongs there. */
export function ZoomButtons({
  disabled = [false, false],
  onZoom,
  children,
}: {
  /** Whether the drawing is at its smallest, and at its largest. */
  disabled?: readonly [boolean, boolean];
  onZoom: (direction: -1 | 1) => void;
  children: preact.ComponentChildren;
}): preact.JSX.Element {
  const button = (direction: -1 | 1, isDisabled: boolean): preact.JSX.Element => (
    <button
      type="button"
      class="square"
      disabled={isDisabled}
      onClick={() => onZoom(direction)}
      aria-label={direction < 0 ? 'Smaller' : 'Larger'}
    >
      {direction < 0 ? '−' : '+'}
    </button>
  );
  return (
    <div class="buttons" role="group" aria-label="Zoom">
      {button(-1, disabled[0])}
      {children}
      {button(1, disabled[1])}
    </div>
  );
}
