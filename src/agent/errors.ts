/** A failure that ends the agent or a command: `user` can be put right by who called, `system` cannot. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly kind: 'user' | 'system';
  constructor(kind: 'user' | 'system', message: string) {
    super(message);
    this.kind = kind;
  }
}
