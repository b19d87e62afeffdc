import type { PartJob, Row, SetAside, SiblingsJob, TextReader, TrainRow, TuneJob, TuneResult } from '../types.ts'
import type { TrainTokens } from './messages.ts'

type Job = TuneJob | SiblingsJob | PartJob

/** A job's rows as tokens. */
export async function tokensOf(
  reader: TextReader,
  { model, rows, settings }: Pick<Job, 'model' | 'rows' | 'settings'>
): Promise<TrainTokens> {
  const { responseOnly, cutoff, evaluation } = settings
  const read = (some: readonly Row[]): Promise<TrainRow[]> => reader.trainRows(model, some, { responseOnly, cutoff })
  return { rows: await read(rows), held: evaluation?.rows && (await read(evaluation.rows)) }
}

/** A job with its rows as tokens; its signal and what it calls stay in this thread. */
export async function jobOfTokens<T extends Job>(
  reader: TextReader,
  job: T
): Promise<Omit<T, 'rows' | 'signal' | 'onProgress'> & TrainTokens> {
  const plain = { ...job, signal: undefined, onProgress: undefined }
  return { ...plain, ...(await tokensOf(reader, job)) }
}

/** What was found of rows before they were tokens, in the place of what can be seen of them as tokens. */
export const withFaults = (result: TuneResult, rows: readonly TrainRow[]): TuneResult =>
  result.setAside === undefined
    ? result
    : {
        ...result,
        setAside: result.setAside.map(({ row, code }): SetAside => ({ row, code: rows[row]?.fault ?? code }))
      }
