import { TilthError } from '../../../../protocol/primitives/index.ts'
import { redacted, wordsIn } from '../http.ts'

/** A failure in the middle of a stream is told by an event of it. @throws TilthError `backend-failed` */
export function failed(event: unknown): void {
  if (typeof event !== 'object' || event === null || !('error' in event)) return
  const said = redacted(wordsIn(event) ?? '', undefined)
  throw new TilthError('backend-failed', `the server gave up${said === '' ? '' : `: ${said}`}`, {
    consequence: 'retry'
  })
}
