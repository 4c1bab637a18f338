/** A failure the user can act on: printed as one line with what to do next, never with a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Exit code of the command. */
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
