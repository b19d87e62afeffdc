import { cidText, InvalidError, LimitError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import { kindLimits } from '../../shelf/index.ts'
import type { Sizes } from '../../shelf/index.ts'
import type { JobsDeps } from '../deps.ts'

/** Longest that a builder waits to learn what its base model takes. */
const sizesMs = 30_000
/** A base of so many bytes is opened to be known exactly, where it takes no longer than this. */
const openedBytes = 2 * 2 ** 30
const openMs = 60_000
/** Positions that any base has. */
const fewPositions = 2048
const { maxBytes, maxFiles } = kindLimits.base
const howToPublish = 'Name a base that is published, or a model folder of this machine, which is published then.'
/** Files of a folder that are named where it is no model. */
const filesShown = 5

/** [reject] Without these nothing can be opened as a model: of each line one. */
const neededFiles: readonly (readonly [RegExp, string])[] = [
  [/^config\.json$/, 'config.json'],
  [/^[^/]+\.safetensors$/, 'weights (*.safetensors)'],
  [/^tokenizer\.json$/, 'tokenizer.json']
]

/**
 * [reject] No job is posted for a base that is none, that nobody has, or that no worker's shelf could ever take.
 * @throws InvalidError `job.base` · NotFoundError `job.base-unknown`
 */
export async function checkBase({ shelf }: Pick<JobsDeps, 'shelf'>, base: string): Promise<Sizes> {
  mustBeCid(base)
  const sizes = await sizesOf(shelf, base)
  mustBeModel(base, sizes.paths)
  return sizes
}

/** [reject] A folder with these files may be a model. @throws InvalidError `job.base`, which says what it lacks */
export function mustBeModel(name: string, paths: readonly string[]): void {
  const missing = neededFiles.flatMap(([file, what]) => (paths.some(path => file.test(path)) ? [] : [what]))
  if (missing.length === 0) return
  const there = paths.slice(0, filesShown).join(', ')
  const holds = there === '' ? 'it is empty' : `it holds ${there}${paths.length > filesShown ? ', …' : ''}`
  throw new InvalidError('job.base', `the base ${name} is no model folder: it lacks ${missing.join(', ')}; ${holds}`, {
    help: 'A base is a folder in Hugging Face form: see `tilth engine inspect`.'
  })
}

/** [reject] A base is named by its CID. @throws InvalidError `job.base` */
export function mustBeCid(base: string): void {
  if (!cidText.safeParse(base).success)
    throw new InvalidError('job.base', `the base "${base.slice(0, 100)}" is no CID`, { help: howToPublish })
}

async function sizesOf(shelf: JobsDeps['shelf'], base: string): Promise<Sizes> {
  try {
    return await shelf.sizes(base, { kind: 'base', from: [], cause: 'owner', signal: AbortSignal.timeout(sizesMs) })
  } catch (cause) {
    if (cause instanceof LimitError && cause.consequence === 'reject')
      throw new InvalidError('job.base', `no worker takes the base model: ${cause.message}`, {
        cause,
        help: `A base is a model folder of ${maxBytes} bytes in ${maxFiles} files at most.`
      })
    if (cause instanceof TilthError && (cause.code === 'files.cid' || cause.code === 'files.not-directory'))
      throw new InvalidError('job.base', `the base ${base} is no CID of a folder`, { cause, help: howToPublish })
    if (cause instanceof DOMException || (cause instanceof TilthError && cause.code === 'files.unavailable'))
      throw new NotFoundError('job.base-unknown', `nobody gave the base model ${base} within ${sizesMs / 1000} s`, {
        cause,
        consequence: 'retry',
        help: `It may be misspelt, or nobody who has it is on line. ${howToPublish}`
      })
    throw cause
  }
}

/** What is planned with of a base. */
export interface PlannedBase {
  readonly parameters: number
  /** It has so many at least: fewer than `parameters` where those are a guess by its size. */
  readonly fewest: number
  readonly context: number
}

/** By opening it where it is small or here; else by its size, at two bytes a weight, and four at most. */
export async function modelOf(
  { shelf, engine, log }: Pick<JobsDeps, 'shelf' | 'engine' | 'log'>,
  base: string,
  { bytes }: Sizes
): Promise<PlannedBase> {
  if (bytes <= openedBytes)
    try {
      const signal = AbortSignal.timeout(openMs)
      const lease = await shelf.take(base, { kind: 'base', from: [], cause: 'owner', signal })
      try {
        const { parameters, context } = await engine.open(lease.folder)
        return { parameters, fewest: parameters, context }
      } finally {
        lease.release()
      }
    } catch (error) {
      // [reject] A base whose template nobody can use, or use again to the same result, is none for a job.
      if (error instanceof TilthError && error.code === 'chat-template')
        throw new InvalidError('job.base', `the base ${base} cannot be tuned: ${error.message}`, {
          cause: error,
          ...(error.help === undefined ? {} : { help: error.help })
        })
      log.info('a base model is planned with by its size alone', { base, error })
    }
  return { parameters: Math.round(bytes / 2), fewest: Math.floor(bytes / 4), context: fewPositions }
}
