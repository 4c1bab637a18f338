/** Field selectors as text. Upstream: apimachinery/pkg/fields/selector.go. */
import { badRequest } from '../status.ts';

/** One requirement on a field; the same shape that storage takes. */
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

/**
 * Parses a field selector, its terms in byte order; an empty text selects everything, as does a term of nothing. Throws
 * 400 with the parser's message.
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
  if (text === '') return [];
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue;
    const parsed = splitTerm(term);
    if (!parsed) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const value = unescapeValue(parsed.value);
    if (parsed.field !== '' || value !== '') requirements.push({ ...parsed, value });
  }
  return requirements;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === ',') {
      terms.push(text.slice(start, at));
      start = at + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function splitTerm(term: string): FieldRequirement | undefined {
  for (let at = 0; at < term.length; at++) {
    if (term.startsWith('!=', at)) return { field: term.slice(0, at), operator: '!=', value: term.slice(at + 2) };
    if (term.startsWith('==', at)) return { field: term.slice(0, at), operator: '=', value: term.slice(at + 2) };
    if (term[at] === '=') return { field: term.slice(0, at), operator: '=', value: term.slice(at + 1) };
  }
  return undefined;
}

function unescapeValue(text: string): string {
  let value = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\\') {
      const next = text[++at];
      if (next === undefined) throw badRequest('invalid field selector: invalid escape sequence: \\');
      if (next !== '\\' && next !== ',' && next !== '=')
        throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
      value += next;
    } else if (char === ',' || char === '=')
      throw badRequest(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    else value += char;
  }
  return value;
}
