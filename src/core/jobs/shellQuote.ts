import { SecondThoughtError } from '../base/errors';

/**
 * A text as one word of a POSIX shell, byte for byte: in single quotes, where nothing has a meaning but the quote itself.
 * The only way in which a text of somebody else's enters a command.
 * @throws SecondThoughtError `bad-usage` for a NUL, which no word can hold, and for half a surrogate pair, which no UTF-8 can
 */
export function quoteWord(text: string): string {
  if (text.includes('\0')) throw unusable(text, 'a NUL character');
  if (/\p{Cs}/u.test(text)) throw unusable(text, 'half of a surrogate pair');
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command as a line of a POSIX shell. */
export const commandLine = (words: readonly string[]): string => words.map(quoteWord).join(' ');

/** Lines of a file that a shell reads to set variables. @throws SecondThoughtError `bad-usage` for a name that is none */
export function environmentFile(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => {
      if (!/^[A-Za-z_]\w*$/.test(name)) {
        throw new SecondThoughtError('bad-usage', `${JSON.stringify(name)} is no name of an environment variable.`, {
          remedy: 'Use letters, digits and underscores.',
        });
      }
      return `export ${name}=${quoteWord(value)}\n`;
    })
    .join('');
}

/**
 * A name that a program would take for a flag is refused, whatever comes before it on the command line.
 * @throws SecondThoughtError `bad-usage`
 */
export function refuseDash(name: string, what: string): string {
  if (name === '' || name.startsWith('-')) {
    throw new SecondThoughtError(
      'bad-usage',
      `${what} ${JSON.stringify(name)} cannot be used: it begins with "-" or is empty.`,
      {
        remedy: 'Give it another name.',
      },
    );
  }
  return name;
}

function unusable(text: string, why: string): SecondThoughtError {
  const shown = JSON.stringify(text.slice(0, 60));
  return new SecondThoughtError('bad-usage', `The text ${shown} holds ${why}, so it cannot be passed to a host.`);
}
