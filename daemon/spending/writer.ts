/**
 * Writes a state that goes on changing: one write at a time, each of how it stands then, so that all who wait while one
 * runs share the next.
 * @returns resolves when what stood at the call is on disk
 */
export function createWriter(write: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let following: Promise<void> | undefined
  return () => {
    if (running === undefined) {
      const now = write().finally(() => {
        if (running === now) running = undefined
      })
      running = now
      return now
    }
    if (following === undefined) {
      const next = running
        .catch(() => undefined) // told to whoever waits for it
        .then(() => {
          running = next
          following = undefined
          return write()
        })
        .finally(() => {
          if (running === next) running = undefined
        })
      following = next
    }
    return following
  }
}
