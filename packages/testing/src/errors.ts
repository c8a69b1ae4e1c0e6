/** What went wrong, for programs. Codes keep their meaning within a major version. Messages may change. */
export type TestingErrorCode =
  /** The object under test and the model disagree. */
  | 'TESTING_MISMATCH'
  /** A property does not hold. The error is a {@link CounterexampleError}. */
  | 'TESTING_COUNTEREXAMPLE'
  /** A text is neither a replay nor bytes in the notation of this package. */
  | 'TESTING_MALFORMED'
  /** A recorded schedule asks for a task that is not pending at that point. */
  | 'TESTING_REPLAY_DIVERGED';

/** The error class of this package. */
export class TestingError extends Error {
  override readonly name: string = 'TestingError';
  /** Stable within a major version, unlike the message. */
  readonly code: TestingErrorCode;

  /** @param options - `cause`: the error behind this one */
  constructor(code: TestingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
