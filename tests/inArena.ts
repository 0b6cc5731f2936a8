import { memorySettings } from '../core/memory.js'

/**
 * Runs f with every tensor of a tape or a scope in the arena, however small, and memory whose content is not to matter
 * filled with NaN: what outlives its tape, or reads what nobody wrote, shows.
 */
export function inArena<R>(f: () => R): R {
  const before = { ...memorySettings }
  Object.assign(memorySettings, { large: 1, poison: true })
  try {
    return f()
  } finally {
    Object.assign(memorySettings, before)
  }
}
