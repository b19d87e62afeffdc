import { deliveryContent } from '../../protocol/jobs/index.ts'
import type { Untrained } from '../../protocol/jobs/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import { anySignal, contentHash } from '../../protocol/primitives/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import type { JobsDeps } from './deps.ts'
import { maxContentBytes } from './limits.ts'

/** Longest that one delivery's papers are waited for. */
const fetchMs = 20_000

/**
 * Rows of a job that its base could not learn, by the first delivery whose papers are to be had: they are the same for
 * every worker. None before anything was delivered.
 * @throws as files.fetchBytes, where no delivery's papers are to be had
 */
export async function untrainedBy(
  { files }: Pick<JobsDeps, 'files'>,
  deliveries: readonly Signed<'Delivery'>[],
  signal: AbortSignal
): Promise<readonly Untrained[]> {
  let failure: unknown
  for (const { message } of deliveries)
    try {
      const bytes = await files.fetchBytes(message.cid, {
        maxBytes: maxContentBytes,
        providers: [message.worker],
        signal: anySignal([signal, AbortSignal.timeout(fetchMs)])
      })
      const content = decodeFrame(bytes, deliveryContent, maxContentBytes)
      // [ignore] Papers are those that were signed for.
      if (contentHash(content) === message.log) return content.untrained ?? []
    } catch (error) {
      failure = error
    }
  if (failure !== undefined) throw failure
  return []
}
