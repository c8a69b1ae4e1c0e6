import { goToTourStep, inspection, leaveTour, session, stats, tourStep } from '../model/lab.js';
import { TOUR } from '../model/tour.js';

/** The guided tour, which a new visitor sees first: ten states of a real memtable. */
export function Tour(): preact.JSX.Element | null {
  const at = tourStep.value;
  if (at === 0) return null;
  void stats.value;
  const { title, text, figures } = TOUR[at - 1];
  return (
    <section class="tour" id="tour" aria-labelledby="tour-title">
      <div class="tour-text">
        <p class="eyebrow">
          The life of a memtable, step {at} of {TOUR.length}
        </p>
        <h2 id="tour-title">{title}</h2>
        <p id="tour-text">{text}</p>
      </div>
      <dl class="tour-figures" id="tour-figures">
        {figures(inspection.value, session.value).map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <nav class="tour-nav" aria-label="Guided tour">
        <ol class="dots">
          {TOUR.map(({ title }, i) => (
            <li key={title}>
              <button
                type="button"
                aria-label={`Step ${i + 1}: ${title}`}
                aria-current={at === i + 1 ? 'step' : undefined}
                onClick={() => void goToTourStep(i + 1)}
              >
                {i + 1}
              </button>
            </li>
          ))}
        </ol>
        <div class="buttons">
          <button type="button" onClick={leaveTour}>
            Explore freely
          </button>
          <button type="button" disabled={at === 1} onClick={() => void goToTourStep(at - 1)}>
            Back
          </button>
          <button type="button" class="primary" disabled={at === TOUR.length} onClick={() => void goToTourStep(at + 1)}>
            Next
          </button>
        </div>
      </nav>
    </section>
  );
}
