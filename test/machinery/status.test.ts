import { describe, expect, it } from 'vitest';
import { alreadyExists, conflict, forbidden, invalid, notFound } from '../../src/machinery/status.ts';

describe('the message of a Status', () => {
  it('quotes the name that a client gave as upstream does', () => {
    const subject = { group: '', kind: 'pods' };
    const name = 'a\u0000"b';
    const quoted = String.raw`pods "a\x00\"b"`;
    expect(notFound(subject, name).message).toBe(`${quoted} not found`);
    expect(alreadyExists(subject, name).message).toBe(`${quoted} already exists`);
    expect(conflict(subject, name, 'x').message).toBe(`Operation cannot be fulfilled on ${quoted}: x`);
    expect(forbidden(subject, name, 'x').message).toBe(`${quoted} is forbidden: x`);
    expect(invalid(subject, name, []).message).toBe(`${quoted} is invalid`);
    expect(notFound(subject, name).status.details?.name).toBe(name);
  });
});
