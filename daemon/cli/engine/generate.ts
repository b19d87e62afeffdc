import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { generateFrom, readExamples } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { number, print, runtime, shared, whole, type Shared } from './flags.ts'

interface GenerateFlags extends Shared {
  prompt?: string
  ids?: string
  maxTokens: number
  greedy?: boolean
  ignoreEnd?: boolean
  temperature: number
  topK?: number
  topP?: number
  minP?: number
  repetitionPenalty?: number
  stop?: string[]
  seed: number
  logprobs?: number
}

export function generateCommand(): Command {
  return shared(
    command({
      name: 'generate',
      summary: 'continue a text or a list of token ids',
      examples: ['tilth engine generate --model models/seedling --prompt "A heron is" --max-tokens 40']
    })
  )
    .option('--prompt <text>', 'raw text, no chat template')
    .option('--ids <file>', '{"ids": [[…]]}; the first row is the prompt')
    .requiredOption('--max-tokens <n>', 'longest answer', whole('max-tokens'))
    .option('--greedy', 'always the likeliest token')
    .option('--ignore-end', 'go on past the end token')
    .option('--temperature <x>', '0 is greedy', number('temperature'), 0.8)
    .option('--top-k <n>', 'only the k likeliest tokens', whole('top-k'))
    .option('--top-p <x>', 'only the likeliest tokens that make up this probability', number('top-p'))
    .option('--min-p <x>', 'only tokens this likely, relative to the likeliest', number('min-p'))
    .option('--repetition-penalty <x>', 'above 1: away from tokens that occurred', number('repetition-penalty'))
    .option('--stop <text…>', 'end before this text')
    .option('--seed <n>', 'the same seed gives the same answer', whole('seed'), 0)
    .option(
      '--logprobs <n>',
      "with --json: each token's log-probability, and the n likeliest tokens'",
      whole('logprobs')
    )
    .action(
      guarded(async (flags: GenerateFlags) => {
        const prompt = flags.prompt ?? (flags.ids === undefined ? undefined : readExamples(flags.ids).ids[0])
        if (prompt === undefined) throw new InvalidError('flag-missing', 'give --prompt TEXT or --ids FILE')
        const { maxTokens, topK, topP, minP, repetitionPenalty, stop, seed, logprobs } = flags
        const settings = {
          maxTokens,
          temperature: flags.greedy === true ? 0 : flags.temperature,
          topK,
          topP,
          minP,
          repetitionPenalty,
          stop,
          seed,
          logprobs
        }
        const live = flags.json !== true
        const result = await generateFrom({
          ...flags,
          prompt,
          settings: JSON.parse(JSON.stringify(settings)) as typeof settings,
          runtime: await runtime(flags),
          ...(live ? { onText: (text: string) => process.stdout.write(text) } : {})
        })
        if (live) console.log(result.text === '' ? result.tokens.join(' ') : '')
        else print(result)
      })
    )
}
