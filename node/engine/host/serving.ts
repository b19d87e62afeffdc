import { isFull, type Tuned } from '../adapters/index.ts'
import { checkTokens, type LoadedModel } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { answerRow, probabilities, type RowLosses, type Scorer } from '../serve/index.ts'
import { TextStream } from '../text/stream.ts'
import type { GeneratedToken, GenerateResult, TokenChance, TrainRow } from '../types.ts'
import type { Library } from './library.ts'
import type { GenerateTokens, HeldOutTokens, ScoreTokens } from './messages.ts'

/** Answers a request; `onToken` gets each token with the text that has become certain. */
export async function generate(
  library: Library,
  job: GenerateTokens & { readonly signal?: AbortSignal },
  onToken: (token: GeneratedToken) => void
): Promise<GenerateResult> {
  const opened = library.open(job.model)
  const { tokenizer, endIds, guide, tokens } = opened
  const { prompt } = job
  if (prompt.length === 0)
    throw new ModelError('prompt-empty', 'the prompt has no tokens', { help: 'Give messages or a prompt.' })
  const { generator, exact, eightBits, adapter } =
    job.adapter === undefined ? { ...opened, adapter: null } : library.answering(job.adapter, opened)
  const stream = new TextStream(tokenizer, job.settings.stop)
  const answered = job.resumeIds ?? []
  // What was produced before is not sent again, but it may hold the beginning of a character or of a stop string.
  let text = answered.map(id => stream.push(id)).join('')
  const ids = [...answered]
  const { form } = job.settings
  const guided = form === undefined ? undefined : guide(form).begin(answered)
  const finish =
    stream.stopped || guided?.isOver === true
      ? 'stop'
      : await (job.exact === true ? exact : job.eightBits === true ? eightBits : generator).generate({
          prompt,
          answered,
          replay: job.replayIds,
          adapter,
          settings: job.settings,
          endIds,
          guided,
          signal: job.signal,
          onToken: (id, chance, replayed) => {
            ids.push(id)
            const piece = stream.push(id)
            text += piece
            onToken({
              ...(chance && told(chance, tokens())),
              ...(replayed === undefined ? {} : { replayed }),
              id,
              text: piece
            })
            return !stream.stopped
          }
        })
  text += stream.finish()
  return { promptTokens: prompt.length, ids, text, finish }
}

type Chances = TokenChance & { readonly top: readonly TokenChance[] }

/** Probabilities with what their tokens stand for. */
function told({ top, ...chosen }: Chances, tokens: readonly (Uint8Array | undefined)[]): Chances {
  const withBytes = ({ id, logprob }: TokenChance): TokenChance => ({ id, logprob, bytes: [...(tokens[id] ?? [])] })
  return { ...withBytes(chosen), top: top.map(withBytes) }
}

/** [answer][adapter][token]: how likely each token was after those before it. */
export async function scoreMany(library: Library, job: ScoreTokens): Promise<number[][][]> {
  const { model, scorer } = library.open(job.model)
  const rows = job.answers.map(({ prompt, answer }) => {
    const row = answerRow(prompt, answer)
    checkTokens(row.ids, model.config)
    return row
  })
  const losses = await underEach(job.adapters, library, model, scorer, rows)
  return rows.map((_, i) => losses.map(own => probabilities(own[i] ?? new Float32Array(0))))
}

/** What was fully trained is read, scored and forgotten in turn; adapters share passes. */
async function underEach(
  folders: readonly (string | null)[],
  library: Library,
  model: LoadedModel,
  scorer: Scorer,
  rows: readonly TrainRow[]
): Promise<RowLosses[][]> {
  const small: { readonly at: number; readonly adapter: Tuned | null }[] = []
  const losses: RowLosses[][] = folders.map(() => [])
  for (const [at, folder] of folders.entries()) {
    const adapter = folder === null ? null : library.adapter(folder, model)
    if (isFull(adapter)) losses[at] = (await scorer.losses([adapter], rows))[0] ?? []
    else small.push({ at, adapter })
  }
  if (small.length === 0) return losses
  const found = await scorer.losses(
    small.map(({ adapter }) => adapter),
    rows
  )
  small.forEach(({ at }, k) => {
    losses[at] = found[k] ?? []
  })
  return losses
}

/** Mean loss per answer token, of answers as far as they fit the model and the job: as training cuts them. */
export async function heldOutLoss(library: Library, job: HeldOutTokens): Promise<number> {
  const { model, scorer } = library.open(job.model)
  const most = Math.min(job.cutoff ?? Number.POSITIVE_INFINITY, model.config.context)
  const rows = job.rows
    .filter(({ prompt, answer }) => answer.length > 0 && prompt.length < most)
    .map(({ prompt, answer }) => {
      const made = answerRow(prompt, Array.from(answer).slice(0, most - prompt.length))
      checkTokens(made.ids, model.config)
      return made
    })
  if (rows.length === 0)
    throw new ModelError('row-empty', 'the model can read none of these rows', {
      help: 'Give rows that its chat template takes and that are no longer than it reads.'
    })
  const adapter = job.adapter === undefined ? null : library.adapter(job.adapter, model)
  const [losses = []] = await scorer.losses([adapter], rows)
  const all = losses.flatMap(own => [...own])
  return all.reduce((a, b) => a + b, 0) / Math.max(1, all.length)
}
