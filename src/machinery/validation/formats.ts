/**
 * Validators of text formats. Each returns upstream's messages, none when the text fits.
 * Upstream: apimachinery/pkg/util/validation and api/validation.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const NAME_PART = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${NAME_PART})?`;
const UNDERSCORED_LABEL = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const UNDERSCORED = `${UNDERSCORED_LABEL}(\\.${UNDERSCORED_LABEL})*`;
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const HTTP_HEADER = '[-A-Za-z0-9]+';
const PERCENT = '[0-9]+%';

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const RE = {
  label: whole(LABEL),
  subdomain: whole(SUBDOMAIN),
  label1035: whole(LABEL_1035),
  namePart: whole(NAME_PART),
  labelValue: whole(LABEL_VALUE),
  underscored: whole(UNDERSCORED),
  wildcard: whole(WILDCARD),
  cIdentifier: whole(C_IDENTIFIER),
  configKey: whole(CONFIG_KEY),
  httpHeader: whole(HTTP_HEADER),
  percent: whole(PERCENT),
};

const LABEL_LENGTH = 63;
const SUBDOMAIN_LENGTH = 253;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const NAME_PART_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

export const maxLengthText = (length: number): string => `must be no more than ${length} characters`;
export const rangeText = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;
export const NOT_EMPTY = 'must be non-empty';
export const NON_NEGATIVE = 'must be greater than or equal to 0';

/** Upstream: validation.RegexError. */
export function regexText(text: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${pattern}')`;
  return `${text} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

export function dns1123Label(value: string): string[] {
  const errors = value.length > LABEL_LENGTH ? [maxLengthText(LABEL_LENGTH)] : [];
  if (RE.label.test(value)) return errors;
  // A subdomain that is no label can only have dots too many.
  return [
    ...errors,
    RE.subdomain.test(value) ? 'must not contain dots' : regexText(LABEL_TEXT, LABEL, 'my-name', '123-abc'),
  ];
}

export function dns1123Subdomain(value: string): string[] {
  const errors = value.length > SUBDOMAIN_LENGTH ? [maxLengthText(SUBDOMAIN_LENGTH)] : [];
  if (!RE.subdomain.test(value)) errors.push(regexText(SUBDOMAIN_TEXT, SUBDOMAIN, 'example.com'));
  return errors;
}

export function dns1035Label(value: string): string[] {
  const errors = value.length > LABEL_LENGTH ? [maxLengthText(LABEL_LENGTH)] : [];
  if (!RE.label1035.test(value)) errors.push(regexText(LABEL_1035_TEXT, LABEL_1035, 'my-name', 'abc-123'));
  return errors;
}

export function wildcardSubdomain(value: string): string[] {
  const text =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
  const errors = value.length > SUBDOMAIN_LENGTH ? [maxLengthText(SUBDOMAIN_LENGTH)] : [];
  if (!RE.wildcard.test(value)) errors.push(regexText(text, WILDCARD, '*.example.com'));
  return errors;
}

/** `prefix/name` with an optional prefix: keys of labels and annotations, finalizers, resources. */
export function labelKey(value: string): string[] {
  const parts = value.split('/');
  const errors: string[] = [];
  let name = parts[0] ?? '';
  if (parts.length === 2) {
    name = parts[1] ?? '';
    const prefix = parts[0] ?? '';
    if (prefix === '') errors.push(`prefix part ${NOT_EMPTY}`);
    else errors.push(...dns1123Subdomain(prefix).map((text) => `prefix part ${text}`));
  } else if (parts.length > 2) {
    const whole = NAME_PART_TEXT.replace('name part', 'a valid label key');
    const text = regexText(whole, NAME_PART, 'MyName', 'my.name', '123-abc');
    return [`${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  if (name === '') errors.push(`name part ${NOT_EMPTY}`);
  else if (name.length > LABEL_LENGTH) errors.push(`name part must be no more than ${LABEL_LENGTH} bytes`);
  if (!RE.namePart.test(name)) errors.push(regexText(NAME_PART_TEXT, NAME_PART, 'MyName', 'my.name', '123-abc'));
  return errors;
}

/** A qualified name has the form of a label's key, and the errors speak of that. */
export const qualifiedName = labelKey;

export function labelValue(value: string): string[] {
  const errors = value.length > LABEL_LENGTH ? [`must be no more than ${LABEL_LENGTH} bytes`] : [];
  if (!RE.labelValue.test(value)) errors.push(regexText(LABEL_VALUE_TEXT, LABEL_VALUE, 'MyValue', 'my_value', '12345'));
  return errors;
}

/** A name that may stand in a URL path. */
export function pathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((char) => value.includes(char)).map((char) => `may not contain '${char}'`);
}

export const portNumber = (port: number): string[] => (port >= 1 && port <= 65535 ? [] : [rangeText(1, 65535)]);

/** Upstream: IsValidPortName. */
export function portName(value: string): string[] {
  const errors: string[] = [];
  if (value.length > 15) errors.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

export function configMapKey(value: string): string[] {
  const errors = value.length > SUBDOMAIN_LENGTH ? [maxLengthText(SUBDOMAIN_LENGTH)] : [];
  if (!RE.configKey.test(value)) {
    errors.push(
      regexText(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  if (value === '.') errors.push("must not be '.'");
  if (value === '..') errors.push("must not be '..'");
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
}

/** Names of environment variables: any printable ASCII but `=`. Upstream: IsRelaxedEnvVarName. */
export function envVarName(value: string): string[] {
  if (value === '') return [`environment variable name ${NOT_EMPTY}`];
  return [...value].every((char) => char >= ' ' && char <= '~' && char !== '=')
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export const cIdentifier = (value: string): string[] =>
  RE.cIdentifier.test(value)
    ? []
    : [
        regexText(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          C_IDENTIFIER,
          'my_name',
          'MY_NAME',
          'MyName',
        ),
      ];

export const httpHeaderName = (value: string): string[] =>
  RE.httpHeader.test(value)
    ? []
    : [regexText("a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER, 'X-Header-Name')];

export const isPercent = (value: string): boolean => RE.percent.test(value);

/** Subdomains whose labels may hold underscores: DNS searches. */
export function dns1123SubdomainWithUnderscore(value: string): string[] {
  const errors = value.length > SUBDOMAIN_LENGTH ? [maxLengthText(SUBDOMAIN_LENGTH)] : [];
  if (!RE.underscored.test(value)) {
    errors.push(regexText(SUBDOMAIN_TEXT.replace("'-' or '.'", "'_', '-' or '.'"), UNDERSCORED, 'example.com'));
  }
  return errors;
}

const MAX_ID = 2_147_483_647;

/** Numbers of users and of groups. */
export const userId = (id: number): string[] => (id >= 0 && id <= MAX_ID ? [] : [rangeText(0, MAX_ID)]);

/** Dotted IPv4 without leading zeros. */
export function isIPv4(value: string): boolean {
  const parts = value.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIPv6(value: string): boolean {
  if (!value.includes(':') || !/^[0-9a-fA-F:.]+$/.test(value)) return false;
  const halves = value.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  const lists = halves.map((half) => (half === '' ? [] : half.split(':')));
  for (const [index, list] of lists.entries()) {
    for (const [at, group] of list.entries()) {
      const last = index === lists.length - 1 && at === list.length - 1;
      if (last && group.includes('.')) {
        if (!isIPv4(group)) return false;
        groups += 2;
      } else if (/^[0-9a-fA-F]{1,4}$/.test(group)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

export const isIP = (value: string): boolean => isIPv4(value) || isIPv6(value);

/** `address/bits`. */
export function isCIDR(value: string): boolean {
  const [address = '', bits = '', ...rest] = value.split('/');
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  return isIPv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
}
