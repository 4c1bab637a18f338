/** Why Go's netip refuses a text that is no address. */
import { quote } from '../../quote.ts';

function at(message: string, rest: string): string {
  return rest === '' ? message : `${message} (at ${quote(rest)})`;
}

function fourFault(text: string): string | undefined {
  let value = 0;
  let digits = 0;
  let fields = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (character >= '0' && character <= '9') {
      if (digits === 1 && value === 0) return 'IPv4 field has octet with leading zero';
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) return 'IPv4 field has value >255';
    } else if (character === '.') {
      const empty = index === 0 || index === text.length - 1 || text[index - 1] === '.';
      if (empty) return at('IPv4 field must have at least one digit', text.slice(index));
      if (fields++ === 3) return 'IPv4 address too long';
      value = 0;
      digits = 0;
    } else return at('unexpected character', text.slice(index));
  }
  return fields < 3 ? 'IPv4 address too short' : undefined;
}

/** An embedded IPv4 address; `groups` of the IPv6 address came before it. */
function embeddedFault(rest: string, groups: number, shortened: boolean): string | undefined {
  if (!shortened && groups !== 6)
    return at('embedded IPv4 address must replace the final 2 fields of the address', rest);
  if (groups > 6) return at('too many hex fields to fit an embedded IPv4 at the end of the address', rest);
  return fourFault(rest);
}

function sixFault(text: string): string {
  const zone = text.indexOf('%');
  if (zone === text.length - 1) return 'zone must be a non-empty string';
  let rest = zone === -1 ? text : text.slice(0, zone);
  let shortened = rest.startsWith('::');
  if (shortened) rest = rest.slice(2);
  let groups = 0;
  while (groups < 8) {
    const digits = (/^[0-9a-fA-F]*/.exec(rest) as RegExpExecArray)[0];
    if (digits.length > 4) return at('each group must have 4 or less digits', rest);
    if (digits === '') return at('each colon-separated field must have at least one digit', rest);
    if (rest[digits.length] === '.') {
      const fault = embeddedFault(rest, groups, shortened);
      if (fault !== undefined) return fault;
      groups += 2;
      rest = '';
      break;
    }
    groups++;
    rest = rest.slice(digits.length);
    if (rest === '') break;
    if (rest[0] !== ':') return at('unexpected character, want colon', rest);
    if (rest.length === 1) return at('colon must be followed by more characters', rest);
    rest = rest.slice(1);
    if (rest[0] !== ':') continue;
    if (shortened) return at('multiple :: in address', rest);
    shortened = true;
    rest = rest.slice(1);
    if (rest === '') break;
  }
  if (rest !== '') return at('trailing garbage after address', rest);
  return groups < 8 ? 'address string too short' : 'the :: must expand to at least one field of zeros';
}

/** The fault of a text that is no IP address. Upstream: net/netip ParseAddr */
export function addressFault(text: string): string {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === '.') return fourFault(text) ?? 'unable to parse IP';
  if (first === ':') return sixFault(text);
  return first === '%' ? 'missing IPv6 address' : 'unable to parse IP';
}
