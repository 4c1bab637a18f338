import { describe, expect, it } from 'vitest';
import { boundedErrors, invalidError } from '../../../src/machinery/validation/index.ts';

describe('a validation that finds very many errors', () => {
  it('ends early and keeps the first ones', () => {
    let looked = 0;
    const errors = boundedErrors(() =>
      Array.from({ length: 1_000_000 }, (_, i) => {
        looked++;
        return invalidError(`spec.items[${i}]`, i, 'no');
      }),
    );
    expect(errors).toHaveLength(10_000);
    expect(looked).toBe(10_001);
    expect(errors[0]?.field).toBe('spec.items[0]');
  });

  it('leaves what is found elsewhere alone', () => {
    expect(() => boundedErrors(() => [invalidError('a', 1, 'b'), ...fail()])).toThrow('of its own');
    expect(Array.from({ length: 20_000 }, () => invalidError('a', 1, 'b'))).toHaveLength(20_000);
  });
});

const fail = (): never => {
  throw new Error('of its own');
};
