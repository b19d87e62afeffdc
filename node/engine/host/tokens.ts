import type { TextReader } from '../text/reader.ts'
import type { Row, TrainRow, TuneJob } from '../types.ts'
import type { TrainTokens } from './messages.ts'

/** A job's rows as tokens. */
export async function tokensOf(
  reader: TextReader,
  { model, rows, settings }: Pick<TuneJob, 'model' | 'rows' | 'settings'>
): Promise<TrainTokens> {
  const { responseOnly, cutoff, evaluation } = settings
  const read = (some: readonly Row[]): Promise<TrainRow[]> => reader.trainRows(model, some, { responseOnly, cutoff })
  return { rows: await read(rows), held: evaluation?.rows && (await read(evaluation.rows)) }
}
