import { useConnection } from '../api/index.ts'

/** Told while the daemon's news do not arrive; the pages show what was read before. */
export function Offline() {
  if (useConnection() !== 'lost') return null
  return (
    <p className="offline" role="status">
      The daemon does not answer. What you see is as it last was; this page goes on by itself when it is back.
    </p>
  )
}
