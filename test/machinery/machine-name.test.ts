import { expect, it } from 'vitest';
import { machineName } from '../../src/machinery/machine-name.ts';

it.each([
  ['Lab-7.Example.COM', 'lab-7.example.com'],
  ['my_box', 'my-box'],
  ['-edge-', 'edge'],
  ['_', 'node'],
  ['', 'node'],
])('a machine called "%s" is the node "%s"', (hostname, name) => {
  expect(machineName(hostname)).toBe(name);
});
