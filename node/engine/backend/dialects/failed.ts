import { TilthError } from '../../../../protocol/primitives/index.ts'
import { wordsIn } from '../http.ts'

/**
 * A failure in the middle of a stream is told by an event, as callEvents leaves it.
 * @throws TilthError `backend-failed`
 */
export function failed(event: unknown): void {
  if (typeof event !== 'object' || event === null || !('error' in event)) return
  const said = wordsIn(event) ?? ''
  throw new TilthError('backend-failed', `the server gave up${said === '' ? '' : `: ${said}`}`, {
    consequence: 'retry'
  })
}
