/** What is shown of an error: its sentence; the class only where it is not one of the library's. */
export function sentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(error.name)
    ? String(error)
    : error.message
}
