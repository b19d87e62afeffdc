import { readFile, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileRow } from '../../../protocol/data/types.ts'
import type { Row } from '../../../protocol/data/types.ts'
import { settingsFile } from '../../../protocol/jobs/settings-file.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { assetsFolder } from '../../assets.ts'

/** How the tuned model's fees are shared, in basis points. */
export const tunedSplit = { worker: 3000, builder: 1000, data: 6000 } as const

export interface ContributorFile {
  readonly name: string
  readonly path: string
  readonly text: string
}
export interface LoopInput {
  readonly contributors: ContributorFile[]
  readonly questionsText: string
  readonly questions: Row[]
  readonly settings: TrainSettings
  readonly coalitions: number
  readonly name: string
}

/** The loop goes by its file alone: nothing in it is left to recommend. */
const wholeSettings = settingsFile.required()

async function read(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new InvalidError('input.read', `the ${what} ${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
}

/** The questions must all be usable: they decide who is paid. @throws InvalidError naming file and line. */
export function parseQuestions(text: string, path: string): Row[] {
  const rows: Row[] = []
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue
    try {
      rows.push(fileRow.parse(JSON.parse(line)))
    } catch (cause) {
      throw new InvalidError('input.question', `${path}, line ${i + 1} is not a question`, {
        help: 'Each line is {"prompt": …, "response": …} or {"messages": […]} ending with the answer.',
        cause
      })
    }
  }
  if (rows.length === 0)
    throw new InvalidError('input.questions', `${path} holds no questions`, {
      help: 'Give at least one, better twenty or more.'
    })
  return rows
}

/** The default Datanet of the chemical elements, or the user's own files. */
export async function loadInput(options: { data?: string; questions?: string; settings?: string }): Promise<LoopInput> {
  const folder = options.data ?? join(assetsFolder(), 'elements')
  if (options.data !== undefined && options.questions === undefined) {
    throw new InvalidError('input.questions', '--data needs --questions', {
      help: 'Give a JSONL file of held-out questions with their answers: --questions FILE.'
    })
  }
  let names: string[]
  try {
    names = (await readdir(folder)).filter(name => name.endsWith('.jsonl')).sort()
  } catch (cause) {
    throw new InvalidError('input.read', `the folder ${folder} cannot be read`, {
      help: 'Give a folder with one JSONL file per contributor.',
      cause
    })
  }
  if (names.length === 0)
    throw new InvalidError('input.empty', `${folder} holds no .jsonl file`, {
      help: 'Give a folder with one JSONL file per contributor.'
    })
  const contributors = await Promise.all(
    names.map(async name => {
      const path = join(folder, name)
      return {
        name: basename(name, '.jsonl').replace(/^[0-9]+-/, ''),
        path,
        text: await read(path, "contributor's file")
      }
    })
  )
  const questionsPath = options.questions ?? join(assetsFolder(), 'elements-questions.jsonl')
  const questionsText = await read(questionsPath, 'questions')
  const settingsPath = options.settings ?? join(assetsFolder(), 'elements', 'settings.json')
  const parsed = wholeSettings.safeParse(JSON.parse(await read(settingsPath, 'settings')))
  if (!parsed.success)
    throw new InvalidError('input.settings', `${settingsPath} does not hold training settings`, { cause: parsed.error })
  const { coalitions, ...settings } = parsed.data
  return {
    contributors,
    questionsText,
    questions: parseQuestions(questionsText, questionsPath),
    settings,
    coalitions,
    name: options.data === undefined ? 'elements' : basename(folder)
  }
}
