/** What a user may want to know and no error says: where something runs more slowly than it could, and why. */
export interface Notice {
  /** Stable, for programs: one notice of each code. */
  readonly code: 'NO_WASM' | 'NO_GPU'
  readonly message: string
}

const given = new Map<Notice['code'], Notice>()
const listeners = new Set<(notice: Notice) => void>()

/**
 * Calls `listen` with every notice, at once with those that were given before. The library never prints; who wants to
 * know asks. Returns a function that ends it.
 *
 *     onNotice(n => console.warn(n.message))
 */
export function onNotice(listen: (notice: Notice) => void): () => void {
  for (const notice of given.values()) listen(notice)
  listeners.add(listen)
  return () => {
    listeners.delete(listen)
  }
}

/** Gives a notice, once. */
export function notify(code: Notice['code'], message: string): void {
  if (given.has(code)) return
  const notice = { code, message }
  given.set(code, notice)
  for (const listen of listeners) listen(notice)
}
