import { dns1035Label, dns1123Label, dns1123Subdomain, labelKey, labelValue } from '../../validation/formats.ts';
import type { CelType } from '../contract.ts';
import type { Library } from '../declaration.ts';
import { parseDate, parseTimestamp } from '../time.ts';
import { CelHostValue, CelOptional } from '../values.ts';
import { formatType } from './host-types.ts';
import { urlFault } from './urls.ts';

class NamedFormat extends CelHostValue {
  readonly type: CelType = formatType;
  readonly name: string;
  readonly faults: (text: string) => readonly string[];
  /** How long a pattern upstream's cost model takes it for. */
  readonly maxRegexSize: number;

  constructor(name: string, maxRegexSize: number, faults: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.maxRegexSize = maxRegexSize;
    this.faults = faults;
  }

  equals(other: CelHostValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

/** A prefix may end with a dash: something is going to follow it. */
function prefix(check: (text: string) => readonly string[]): (text: string) => readonly string[] {
  return (text) => check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text);
}

function unless(valid: (text: string) => boolean, fault: string): (text: string) => readonly string[] {
  return (text) => (valid(text) ? [] : [fault]);
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

function isDateTime(text: string): boolean {
  try {
    return parseTimestamp(text.toUpperCase()) !== undefined;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  try {
    return parseDate(text) !== undefined;
  } catch {
    return false;
  }
}

let known: ReadonlyMap<string, NamedFormat> | undefined;

function formats(): ReadonlyMap<string, NamedFormat> {
  const uri = (text: string) => {
    const fault = urlFault(text);
    return fault === undefined ? [] : [fault];
  };
  const all: readonly (readonly [string, string, number, (text: string) => readonly string[]])[] = [
    ['dns1123Label', 'DNS1123Label', 30, dns1123Label],
    ['dns1123Subdomain', 'DNS1123Subdomain', 60, dns1123Subdomain],
    ['dns1035Label', 'DNS1035Label', 30, dns1035Label],
    ['qualifiedName', 'QualifiedName', 60, labelKey],
    ['dns1123LabelPrefix', 'DNS1123LabelPrefix', 30, prefix(dns1123Label)],
    ['dns1123SubdomainPrefix', 'DNS1123SubdomainPrefix', 60, prefix(dns1123Subdomain)],
    ['dns1035LabelPrefix', 'DNS1035LabelPrefix', 30, prefix(dns1035Label)],
    ['labelValue', 'LabelValue', 40, labelValue],
    ['uri', 'URI', 1103, uri],
    ['uuid', 'uuid', 70, unless((text) => uuid.test(text), 'does not match the UUID format')],
    ['byte', 'byte', 84, unless((text) => base64.test(text), 'invalid base64')],
    ['date', 'date', 72, unless(isDate, 'invalid date')],
    ['datetime', 'datetime', 72, unless(isDateTime, 'invalid datetime')],
  ];
  known ??= new Map(all.map(([key, name, size, faults]) => [key, new NamedFormat(name, size, faults)]));
  return known;
}

/** Upstream: pkg/cel/library/format.go */
export function formatLibrary(): Library {
  const constants = [...formats()].map(
    ([key, format]) => [`format.${key}`, { [`format.${key}() -> Format`]: () => format }] as const,
  );
  return {
    ...Object.fromEntries(constants),
    validate: {
      'format-validate: Format.(string) -> optional(list(string))': (format: NamedFormat, text: string) => {
        const faults = format.faults(text);
        return faults.length === 0 ? CelOptional.none : CelOptional.of(faults);
      },
    },
    'format.named': {
      'format-named(string) -> optional(Format)': (name: string) => {
        const format = formats().get(name);
        return format === undefined ? CelOptional.none : CelOptional.of(format);
      },
    },
  };
}
