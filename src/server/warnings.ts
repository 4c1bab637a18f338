/**
 * Warning headers. Upstream: apiserver/pkg/endpoints/filters/warning.go, apimachinery/pkg/util/net NewWarningHeader.
 */

/** Characters that all warnings of one answer may have; beyond it each is cut short, and then the rest is left out. */
const MAX_TOTAL = 4 * 1024;
const MAX_EACH_WHEN_MANY = 256;
/** Characters of one encoded word, by RFC 2047. */
const MAX_WORD = 75;

const CONTROL_CHARACTER = /\p{Cc}/u;
const ASCII = /^[ -~]*$/;
const WORD_HEAD = '=?utf-8?q?';
const WORD_TAIL = '?=';

/** Values of the Warning headers that say `texts`. */
export function warningHeaders(texts: readonly string[]): string[] {
  const clean = texts.filter((text) => text.isWellFormed() && !CONTROL_CHARACTER.test(text));
  const total = clean.reduce((sum, text) => sum + text.length, 0);
  return (total <= MAX_TOTAL ? clean : shortened(clean)).map((text) => `299 - "${warnText(text)}"`);
}

function shortened(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let total = 0;
  for (const text of texts) {
    const short = text.length <= MAX_EACH_WHEN_MANY ? text : [...text].slice(0, MAX_EACH_WHEN_MANY).join('');
    total += short.length;
    if (total > MAX_TOTAL) break;
    kept.push(short);
  }
  return kept;
}

/** The inside of a quoted-string of RFC 7234; text beyond ASCII is written in encoded words, which it names for this. */
function warnText(text: string): string {
  return ASCII.test(text) ? text.replace(/[\\"]/g, '\\$&') : encodedWords(text);
}

function encodedWords(text: string): string {
  const words: string[] = [];
  const encoder = new TextEncoder();
  let word = '';
  for (const char of text) {
    const encoded = /[A-Za-z0-9]/.test(char)
      ? char
      : [...encoder.encode(char)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
    if (WORD_HEAD.length + word.length + encoded.length + WORD_TAIL.length > MAX_WORD) {
      words.push(word);
      word = '';
    }
    word += encoded;
  }
  return [...words, word].map((each) => `${WORD_HEAD}${each}${WORD_TAIL}`).join(' ');
}
