import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { lineOf } from '../../../protocol/data/files/index.ts'
import type { Place, Problem } from '../../../protocol/data/files/index.ts'
import type { Row } from '../../../protocol/data/types.ts'
import { trainSettings, tuneSpec } from '../../../protocol/jobs/types.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { assetsFolder } from '../../assets.ts'
import { readAllRows, readShardFile } from '../../cli/rows-file.ts'
import { readFileAs } from '../../cli/text-file.ts'

/** How the tuned model's fees are shared, in basis points. */
export const tunedSplit = { worker: 3000, builder: 1000, data: 6000 } as const

export interface ContributorFile {
  readonly name: string
  readonly path: string
  /** Its rows, as they are contributed. */
  readonly text: string
  /** What of it is no row, and is left out. */
  readonly problems: readonly Problem[]
  /** Where each of its rows stands in it. */
  readonly places: readonly Place[]
}
/** All that brought nothing of a file, by its place there: what is no row, and what the checks found. */
export const issuesOf = (
  { problems, places }: ContributorFile,
  found: readonly { readonly line: number; readonly code: string }[]
): { line: number; code: string }[] =>
  [
    ...problems.map(({ place, fault: { code } }) => ({ line: place.number, code })),
    ...found.map(({ line, code }) => ({ line: places[line - 1]?.number ?? line, code }))
  ].sort((a, b) => a.line - b.line)

export interface LoopInput {
  readonly contributors: ContributorFile[]
  readonly questionsText: string
  readonly questions: Row[]
  readonly settings: TrainSettings
  readonly coalitions: number
  readonly name: string
}

/** What the loop's own Datanet takes of a file. */
export const loopRules = { maxRows: 10_000, maxBytes: 8 << 20, minOwnShare: 500 } as const
const oneFileEach = 'Give a folder with one file of rows per contributor: JSONL, JSON, CSV, Parquet, Markdown, ….'

/** The loop goes by its file alone: nothing in it is left to recommend. */
const loopSettings = trainSettings.extend({ coalitions: tuneSpec.shape.coalitions })

/** What stands in a folder of data beside the contributors' files. */
const beside = /^(?:\..*|readme(?:\..*)?|licen[cs]e(?:\..*)?|settings\.json)$/i

/** A contributor's name: the file's, without a number before it and what says its form after it. */
const nameOf = (file: string): string =>
  file
    .replace(/\.(?:gz|gzip|zst|zstd)$/i, '')
    .replace(/\.[a-z0-9]{1,8}$/i, '')
    .replace(/^[0-9]+-/, '')

/** A contributor's file as what would be contributed of it. @throws InvalidError, LimitError `file.*`, naming it */
async function contributorFile(path: string): Promise<ContributorFile> {
  const { text, problems, places } = await readShardFile(path, { rules: loopRules })
  return { name: nameOf(basename(path)), path, text, problems, places }
}

/** The default Datanet of the chemical elements, or the user's own files. */
export async function loadInput(options: { data?: string; questions?: string; settings?: string }): Promise<LoopInput> {
  const folder = options.data ?? join(assetsFolder(), 'elements')
  if (options.data !== undefined && options.questions === undefined) {
    throw new InvalidError('input.questions', '--data needs --questions', {
      help: 'Give a file of held-out questions with their answers: --questions FILE.'
    })
  }
  let names: string[]
  try {
    const found = await readdir(folder, { withFileTypes: true })
    names = found.flatMap(entry => (entry.isFile() && !beside.test(entry.name) ? [entry.name] : [])).sort()
  } catch (cause) {
    throw new InvalidError('input.read', `the folder ${folder} cannot be read`, { help: oneFileEach, cause })
  }
  if (names.length === 0)
    throw new InvalidError('input.empty', `${folder} holds no file of rows`, { help: oneFileEach })
  const contributors: ContributorFile[] = []
  for (const name of names) contributors.push(await contributorFile(join(folder, name)))
  const questionsPath = options.questions ?? join(assetsFolder(), 'elements-questions.jsonl')
  // The questions must all be usable: they decide who is paid.
  const questions = await readAllRows(questionsPath)
  const settingsPath = options.settings ?? join(assetsFolder(), 'elements', 'settings.json')
  const { coalitions, ...settings } = await readFileAs(loopSettings, settingsPath)
  return {
    contributors,
    questionsText: questions.map(question => `${lineOf(question)}\n`).join(''),
    questions,
    settings,
    coalitions,
    name: options.data === undefined ? 'elements' : basename(folder)
  }
}
