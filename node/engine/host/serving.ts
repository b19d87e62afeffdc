import { checkTokens } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { answerRow, meanProbability } from '../serve/index.ts'
import { TextStream } from '../text/index.ts'
import type { GeneratedToken, GenerateJob, GenerateResult, HeldOutJob, ScoreManyJob } from '../types.ts'
import type { Library } from './library.ts'

/** Answers a request; `onToken` gets each token with the text that has become certain. */
export async function generate(
  library: Library,
  job: GenerateJob,
  onToken: (token: GeneratedToken) => void
): Promise<GenerateResult> {
  const { model, tokenizer, chat, endIds, generator } = library.open(job.model)
  const prompt = job.messages !== undefined ? chat.prompt(job.messages) : tokenizer.encode(job.prompt ?? '')
  if (prompt.length === 0)
    throw new ModelError('prompt-empty', 'the prompt has no tokens', { help: 'Give messages or a prompt.' })
  const adapter = job.adapter === undefined ? null : library.adapter(job.adapter, model)
  const stream = new TextStream(tokenizer, job.settings.stop)
  const answered = job.resumeIds ?? []
  // What was produced before is not sent again, but it may hold the beginning of a character or of a stop string.
  let text = answered.map(id => stream.push(id)).join('')
  const ids = [...answered]
  const finish = stream.stopped
    ? 'stop'
    : await generator.generate({
        prompt,
        answered,
        adapter,
        settings: job.settings,
        endIds,
        signal: job.signal,
        onToken: (id, chance) => {
          ids.push(id)
          const piece = stream.push(id)
          text += piece
          onToken({ ...chance, id, text: piece })
          return !stream.stopped
        }
      })
  text += stream.finish()
  return { promptTokens: prompt.length, ids, text, finish }
}

/** scores[answer][adapter]: mean probability of the answer's tokens. */
export async function scoreMany(library: Library, job: ScoreManyJob): Promise<number[][]> {
  const { model, chat, scorer } = library.open(job.model)
  const rows = job.answers.map(({ messages, answerIds }) => {
    const row = answerRow(chat.prompt(messages), answerIds)
    checkTokens(row.ids, model.config)
    return row
  })
  const adapters = job.adapters.map(folder => (folder === null ? null : library.adapter(folder, model)))
  const losses = await scorer.losses(adapters, rows)
  return rows.map((_, i) => losses.map(own => meanProbability(own[i] ?? new Float32Array(0))))
}

/** Mean loss per answer token. */
export async function heldOutLoss(library: Library, job: HeldOutJob): Promise<number> {
  const { model, chat, scorer } = library.open(job.model)
  const rows = job.rows.map(row => {
    const { prompt, answer } = chat.answer(row)
    const made = answerRow(prompt, answer)
    checkTokens(made.ids, model.config)
    return made
  })
  const adapter = job.adapter === undefined ? null : library.adapter(job.adapter, model)
  const [losses = []] = await scorer.losses([adapter], rows)
  const all = losses.flatMap(own => [...own])
  return all.reduce((a, b) => a + b, 0) / Math.max(1, all.length)
}
