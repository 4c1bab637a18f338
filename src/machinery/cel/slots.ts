/** Where variables lie while a program runs. */
export class Slots {
  private readonly scopes: Map<string, number>[] = [new Map()];
  /** How many slots a run needs. */
  count = 0;

  /** A new variable that hides others of its name until `leave`. */
  enter(names: readonly string[]): readonly number[] {
    const scope = new Map(names.map((name) => [name, this.count++]));
    this.scopes.push(scope);
    return names.map((name) => scope.get(name) as number);
  }

  leave(): void {
    this.scopes.pop();
  }

  find(name: string): { readonly slot: number; readonly local: boolean } | undefined {
    for (let level = this.scopes.length - 1; level >= 0; level--) {
      const slot = this.scopes[level]?.get(name);
      if (slot !== undefined) return { slot, local: level > 0 };
    }
    return undefined;
  }

  /** The slot of a variable of the environment. */
  global(name: string): number {
    const globals = this.scopes[0] as Map<string, number>;
    const slot = globals.get(name) ?? this.count++;
    globals.set(name, slot);
    return slot;
  }

  /** The environment's variables that the program reads. */
  get globals(): ReadonlyMap<string, number> {
    return this.scopes[0] as Map<string, number>;
  }
}
