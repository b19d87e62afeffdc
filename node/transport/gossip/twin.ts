import type { Clock } from '../../runtime/index.ts'

/**
 * Seconds after this node's start that a word has to be said: before, it may be its own, of the run before. And by how
 * much another's clock may be ahead.
 */
const settled = 2
/**
 * Seconds that two such words have to be apart. One alone may be this node's own: of before it was started again on a
 * machine whose clock was set back meanwhile.
 */
const apart = 10

/**
 * Notices that somebody else speaks with this node's key: hears of what was said with it, and not by this process.
 * @param onTwin called each time that it is certain
 * @param before until when words may be of a run before, in seconds since 1970: its clock may have been ahead
 * @returns hears when such a word was said, in seconds since 1970
 */
export function createTwinWatch(clock: Pick<Clock, 'now'>, onTwin: () => void, before = 0): (at: number) => void {
  const began = Math.max(clock.now() / 1000, before) + settled
  let first: number | undefined
  return at => {
    // What is said to be of later may be of a run before whose clock was ahead.
    if (at < began || at > clock.now() / 1000 + settled) return
    first = Math.min(first ?? at, at)
    if (at - first >= apart) onTwin()
  }
}
