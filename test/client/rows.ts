import type { Rows } from '../../client/node.ts'

/** Rows in memory that outlive whoever has them open. */
export function memoryRows(kept = new Map<string, string>()): Rows {
  return {
    all: async () => [...kept],
    async write(changes) {
      for (const [key, text] of changes)
        if (text === null) kept.delete(key)
        else kept.set(key, text)
    },
    close: async () => undefined
  }
}
