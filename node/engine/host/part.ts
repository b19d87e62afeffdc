import { isFull, readTuned, type Tuned } from '../adapters/index.ts'
import type { ModelConfig } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { distance, labelled } from '../train/index.ts'
import type { PartJob, PartResult, TrainRow } from '../types.ts'
import type { Library } from './library.ts'
import type { PartTokens } from './messages.ts'
import { train, freshStart, type Ran } from './training.ts'
import { baseForm, cutRows } from './tuning.ts'

/**
 * Runs some steps of one adapter's training again, alone, from the state that somebody committed to, and compares what
 * they lead to. What cannot be read as such a state is infinitely far.
 */
export async function runPart(
  library: Library,
  job: PartTokens & Pick<PartJob, 'signal' | 'onProgress'>
): Promise<PartResult> {
  const { settings, from, to, begin, end, last } = job
  const opened = library.open(job.model, baseForm(settings))
  const rows = cutRows(opened, job.rows, settings).filter((row: TrainRow) => labelled(row) > 0)
  let result: PartResult = { steps: 0, distance: Infinity }
  try {
    await train({
      model: opened.model,
      runtime: library.options,
      settings,
      start: freshStart(opened.model.config, settings),
      rows: [rows],
      identity: 'never resumed',
      part: {
        from,
        to,
        begin,
        found(ran) {
          result = {
            steps: ran.steps,
            distance: distanceTo(ran, end),
            ...(last === undefined ? {} : { delivered: isDelivered(ran, last, opened.model.config) })
          }
        }
      },
      signal: job.signal,
      onProgress: progress => job.onProgress?.(progress)
    })
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
  return result
}

function distanceTo({ here, began, read }: Ran, end: string | undefined): number {
  if (end === undefined) return 0
  try {
    const far = distance(here, began, read(end))
    return Number.isNaN(far) ? Infinity : far
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return Infinity
  }
}

/** Whether what was delivered is what the last state comes to. */
function isDelivered({ start, read, adapter }: Ran, last: NonNullable<PartJob['last']>, config: ModelConfig): boolean {
  try {
    const ended = last.state === undefined ? start : adapter(read(last.state))
    return sameWeights(ended, readTuned(last.delivered, config))
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return false
  }
}

/** To the bit, and in the same order. */
function sameWeights(a: Tuned, b: Tuned): boolean {
  const weightsOf = (one: Tuned): readonly Float32Array[] =>
    isFull(one) ? one.modules.map(({ delta }) => delta) : one.modules.flatMap(m => [m.a, m.b])
  const [own, theirs] = [weightsOf(a), weightsOf(b)]
  return (
    own.length === theirs.length &&
    own.every((part, i) => {
      const other = theirs[i]
      return other?.length === part.length && part.every((x, j) => Object.is(x, other[j]) || x === other[j])
    })
  )
}

/** What a stranger's file is not is told by its codes. */
const unreadable: ReadonlySet<string> = new Set([
  'state-mismatch',
  'weights-invalid',
  'weights-missing',
  'adapter-config',
  'adapter-unsupported',
  'adapter-missing',
  'adapter-mismatch',
  'adapter-numbers'
])
const isUnreadable = (error: unknown): boolean => error instanceof ModelError && unreadable.has(error.code)
