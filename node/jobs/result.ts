import { coalitionsOf, jobResult } from '../../protocol/jobs/index.ts'
import type { JobResult, JobState, TuneSpec } from '../../protocol/jobs/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import type { Files } from '../transport/types.ts'
import { maxResultBytes } from './limits.ts'

/**
 * Puts a finished job's adapters in the order of its coalitions: the base model first (null), the deployed adapter
 * last.
 */
export function composeResult(job: Hex, spec: TuneSpec, state: Extract<JobState, { state: 'running' }>): JobResult {
  const coalitions = coalitionsOf(job, state.players.length, spec.coalitions)
  const adapters: (string | null)[] = coalitions.map(() => null)
  for (const lot of state.lots) {
    if (lot.state !== 'released')
      throw new InvalidError('job.transition', 'a lot without its adapters', { consequence: 'fatal' })
    if (lot.lot.kind === 'adapter') adapters[coalitions.length - 1] = lot.adapters[0] ?? null
    else for (const [i, index] of lot.lot.coalitions.entries()) adapters[index] = lot.adapters[i] ?? null
  }
  return checkResult({ job, spec, players: [...state.players], coalitions: coalitions.map(String), adapters })
}

/**
 * [reject] A result's coalitions are those its job draws, and each but the empty one has its adapter.
 * @throws InvalidError `result.invalid`
 */
export function checkResult(result: JobResult): JobResult {
  const drawn = coalitionsOf(result.job, result.players.length, result.spec.coalitions).map(String)
  if (drawn.join() !== result.coalitions.join())
    throw new InvalidError('result.invalid', "the result's coalitions are not those that the job draws")
  if (result.adapters.length !== drawn.length || result.adapters.some((adapter, i) => (adapter === null) !== (i === 0)))
    throw new InvalidError('result.invalid', 'the result lacks an adapter, or has one for the empty coalition')
  return result
}

/**
 * Fetches a result by the CID that stands in a model's registration, and checks it.
 * @throws InvalidError `result.invalid`, `frame.*` · as files
 */
export async function fetchResult(
  files: Pick<Files, 'fetchBytes'>,
  cid: string,
  signal?: AbortSignal
): Promise<JobResult> {
  const bytes = await files.fetchBytes(cid, { maxBytes: maxResultBytes, ...(signal === undefined ? {} : { signal }) })
  return checkResult(decodeFrame(bytes, jobResult, maxResultBytes))
}
