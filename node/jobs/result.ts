import { checkResultPapers, coalitionsOf, decodeResult } from '../../protocol/jobs/index.ts'
import type { JobResult, JobState, TuneJobDocument } from '../../protocol/jobs/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Files } from '../transport/types.ts'
import { maxResultBytes } from './limits.ts'

/**
 * Puts a finished job's adapters in the order of its coalitions, the base model first (null), the deployed adapter
 * last, with what they are admitted by.
 * @throws InvalidError `result.old` for a job that was divided by an older version
 */
export function composeResult(
  job: Hex,
  { statement, spec }: TuneJobDocument,
  { draw, players, lots: trained }: Extract<JobState, { state: 'running' }>
): JobResult {
  if (draw === undefined)
    throw new InvalidError('result.old', "the job's coalitions were drawn by its own hash, which can be ground", {
      help: 'End the job and post it again.'
    })
  const coalitions = coalitionsOf(draw, players.length, spec.coalitions)
  const adapters: (string | null)[] = coalitions.map(() => null)
  const lots: JobResult['lots'] = []
  for (const lot of trained) {
    if (lot.state !== 'released')
      throw new InvalidError('job.transition', 'a lot without its adapters', { consequence: 'fatal' })
    if (lot.lot.kind === 'adapter') adapters[coalitions.length - 1] = lot.adapters[0] ?? null
    else for (const [i, index] of lot.lot.coalitions.entries()) adapters[index] = lot.adapters[i] ?? null
    lots.push({ award: lot.award, delivery: lot.delivery })
  }
  return { job, statement, spec, draw, players: [...players], coalitions: coalitions.map(String), adapters, lots }
}

/**
 * Fetches a result by the CID that stands in a model's registration, and checks what can be seen in it.
 * @throws InvalidError `result.*`, `frame.*` · as files
 */
export async function fetchResult(
  { files, network }: { readonly files: Pick<Files, 'fetchBytes'>; readonly network: Network },
  cid: string,
  signal?: AbortSignal
): Promise<JobResult> {
  const bytes = await files.fetchBytes(cid, { maxBytes: maxResultBytes, ...(signal === undefined ? {} : { signal }) })
  const result = decodeResult(bytes, maxResultBytes)
  checkResultPapers(result, network)
  return result
}
