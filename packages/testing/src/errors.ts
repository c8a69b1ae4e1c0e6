/** What went wrong, for programs. A code keeps its meaning for a whole major version; messages may change. */
export type TestingErrorCode =
  /** What is tested and the model disagree. */
  | 'TESTING_MISMATCH'
  /** A property does not hold; the error is a {@link CounterexampleError}. */
  | 'TESTING_COUNTEREXAMPLE'
  /** Text that is neither a replay nor bytes in this package's notation. */
  | 'TESTING_MALFORMED'
  /** A recorded schedule asks for a step that what is tested does not offer at that point. */
  | 'TESTING_REPLAY_DIVERGED';

/** The error class of this package. */
export class TestingError extends Error {
  override readonly name: string = 'TestingError';
  readonly code: TestingErrorCode;

  constructor(code: TestingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
