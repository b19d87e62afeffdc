/**
 * Calls after what is under way in this turn of the loop, by messages: what browsers have in place of `setImmediate`. A
 * page that nobody looks at wakes from a timer once a second, from a message at once.
 */
export function turnsByMessage(): { soon: (done: () => void) => void; close: () => void } {
  const { port1, port2 } = new MessageChannel()
  /** One for each connection with something to send. */
  const waiting: (() => void)[] = []
  port1.addEventListener('message', () => waiting.shift()?.())
  port1.start()
  return {
    soon(done) {
      waiting.push(done)
      port2.postMessage(0)
    },
    close: () => port1.close()
  }
}

/** After what is under way in this turn of the loop. */
export const afterTurn: (done: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : turnsByMessage().soon
