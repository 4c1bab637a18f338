import type { CelCompileError, CelIssue } from './contract.ts';

/** How many mistakes are told before the rest are only counted. */
const maxIssues = 100;
const maxSnippet = 16384;

/** The text of an expression with its mistakes; places are offsets in UTF-16 units, shown as lines and code points. */
export class Source {
  readonly text: string;
  private readonly found: CelIssue[] = [];
  private total = 0;
  private starts: number[] | undefined;
  /** How many nodes macros may still copy. */
  copies = 20_000;

  constructor(text: string) {
    this.text = text;
  }

  get failed(): boolean {
    return this.total > 0;
  }

  /** Notes a mistake at an offset; `undefined` is no place at all. */
  report(offset: number | undefined, message: string): void {
    this.total++;
    if (this.total > maxIssues) return;
    if (offset === undefined) this.found.push({ line: -1, column: -1, message });
    else if (this.text === '') this.found.push({ line: 1, column: -1, message });
    else this.found.push({ ...this.place(offset), message });
  }

  /** Forgets what was reported: it will be said again, and better. */
  clear(): void {
    this.found.length = 0;
    this.total = 0;
  }

  /** 1-based line and 0-based column in code points. */
  place(offset: number): { readonly line: number; readonly column: number } {
    const starts = this.lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: [...this.text.slice(starts[low], offset)].length };
  }

  /** Everything found, by place, in upstream's layout. Upstream: common/errors.go ToDisplayString */
  error(kind: CelCompileError['kind']): CelCompileError {
    const issues = [...this.found].sort((a, b) => a.line - b.line || a.column - b.column);
    const texts = issues.map((issue) => this.show(issue));
    if (this.total > maxIssues) texts.push(`${this.total - maxIssues} more errors were truncated`);
    return { kind, issues, message: texts.join('\n') };
  }

  private show(issue: CelIssue): string {
    const head = `ERROR: <input>:${issue.line}:${issue.column + 1}: ${issue.message}`;
    const snippet = this.line(issue.line)?.replaceAll('\t', ' ');
    if (snippet === undefined || this.text === '' || snippet.length > maxSnippet) return head;
    const characters = [...snippet];
    const wide = (character: string | undefined) => character !== undefined && character > '\u007f';
    const dots = characters.slice(0, issue.column).map((character) => (wide(character) ? '．' : '.'));
    return `${head}\n | ${snippet}\n | ${dots.join('')}${wide(characters[issue.column]) ? '＾' : '^'}`;
  }

  private line(line: number): string | undefined {
    const starts = this.lineStarts();
    const start = starts[line - 1];
    if (start === undefined) return undefined;
    const next = starts[line];
    return this.text.slice(start, next === undefined ? undefined : next - 1);
  }

  private lineStarts(): number[] {
    if (this.starts === undefined) {
      this.starts = [0];
      for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) this.starts.push(at + 1);
    }
    return this.starts;
  }
}
