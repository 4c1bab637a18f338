import { describe, expect, it } from 'vitest';
import { type DeviceClass, deviceClasses } from '../../src/kinds/index.ts';
import type { StrategyContext } from '../../src/machinery/kind.ts';

const errorsOf = (expression: string): string[] => {
  const object = { metadata: { name: 'c' }, spec: { selectors: [{ cel: { expression } }] } } as unknown as DeviceClass;
  const errors = deviceClasses.strategy.validateCreate?.(object, {} as StrategyContext) ?? [];
  return errors.map(({ field, message }) => `${field}: ${message}`);
};

describe('expressions that choose devices', () => {
  it('know attributes and capacities of any domain', () => {
    const model = 'device.attributes["dra.example.com"].model == "A100"';
    const memory = 'device.capacity["dra.example.com"].memory.compareTo(quantity("10Gi")) >= 0';
    expect(errorsOf(`device.driver == "dra.example.com" && ${model} && ${memory}`)).toEqual([]);
    expect(errorsOf('cel.bind(dra, device.attributes["dra.example.com"], dra.one && dra.two)')).toEqual([]);
    expect(errorsOf('device.attributes["a"].version.isGreaterThan(semver("1.0.0"))')).toEqual([]);
  });

  it('give a bool, or an attribute that may be one', () => {
    expect(errorsOf('device.attributes["a"].b')).toEqual([]);
    expect(errorsOf('device.driver')).toEqual([
      'spec.selectors[0].cel.expression: Invalid value: "device.driver": must evaluate to bool or the unknown type, not string',
    ]);
  });

  it('may not cost more than a scheduler can bear', () => {
    const pairs =
      'device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, device.attributes.all(d, a != b || c != d))))';
    expect(errorsOf(pairs)).toEqual([
      'spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit 1000000',
    ]);
  });
});
