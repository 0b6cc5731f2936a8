/** How many columns a text takes: marks such as the tilde of x̃ take none. */
export const columns = (text: string): number => [...text.replace(/\p{M}/gu, '')].length

/** `text` in lines of at most `width` columns, broken at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last === '') lines[lines.length - 1] = word
    else if (columns(last) + 1 + columns(word) <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** `text` in at most `width` columns, with … where something is left out. */
export const cut = (text: string, width: number): string =>
  columns(text) <= width
    ? text
    : `${[...text]
        .slice(0, Math.max(0, width - 1))
        .join('')
        .trimEnd()}…`

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - columns(text)))
