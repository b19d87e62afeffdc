// Signals joined to one. Node (24.21) holds a joined signal for ever once it is joined again, if one of its parts is a
// timeout: `AbortSignal.any([AbortSignal.any([AbortSignal.timeout(5), a]), b])` leaves its inner one in a set that
// nothing takes it out of. Its timeouts are in that set until they are over, and whoever is listened to as long as
// somebody listens; so nothing is lost that aborts if a joined signal doesn't bear the mark of a timeout.

/** The mark; undefined where signals have none. */
const timeoutMark = Object.getOwnPropertySymbols(AbortSignal.timeout(0)).find(
  ({ description }) => description === 'kTimeout'
)

/** Aborts with the first of these that does, for its reason. In place of `AbortSignal.any`, which leaks. */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  const joined = AbortSignal.any([...signals])
  if (timeoutMark !== undefined && Reflect.has(joined, timeoutMark)) Reflect.set(joined, timeoutMark, false)
  return joined
}
