import { Option, type Command } from 'commander'
import {
  bench,
  benchParts,
  benchShapes,
  type BenchResult,
  type Precision,
  type ProviderRequest
} from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { table } from '../output.ts'
import { exactRuntime, placed, print, whole } from './flags.ts'

interface BenchFlags {
  shape: keyof typeof benchShapes
  only?: (typeof benchParts)[number]
  threads: string
  provider: ProviderRequest
  precision?: Precision
  batch: number
  seq: number
  json?: boolean
}

export function benchCommand(): Command {
  return placed(
    command({
      name: 'bench',
      summary: 'how fast this machine trains and generates, on random weights',
      examples: ['tilth engine bench --shape smollm2-135m --only train --json']
    })
      .addOption(new Option('--shape <name>').choices(Object.keys(benchShapes)).default('seedling'))
      .addOption(new Option('--only <part>', 'one part, in this process alone').choices([...benchParts]))
  )
    .option('--threads <list>', 'thread counts to try', '1,2')
    .option('--batch <n>', 'rows of a training step', whole('batch'), 2)
    .option('--seq <n>', 'their length', whole('seq'), 512)
    .action(
      guarded(async (flags: BenchFlags) => {
        const live = flags.json !== true
        const { provider, precision } = await exactRuntime({ ...flags, threads: '1' })
        const result = await bench({
          ...flags,
          runtime: { provider, precision },
          threads: flags.threads.split(',').map(whole('threads')),
          ...(live
            ? {
                onPart: (part, threads) =>
                  console.log(`measuring ${part} on ${threads} thread${threads === 1 ? '' : 's'} …`)
              }
            : {})
        })
        if (!live) return print(result)
        console.log(table(['measured', `${result.shape} on ${result.provider}`], measured(result)))
      })
    )
}

function measured({ train, prefill, decode, batch8, siblings }: BenchResult): [string, string][] {
  const rows: [string, string][] = []
  if (train !== undefined)
    rows.push([
      `LoRA training, ${train.batch}×${train.seq}`,
      `${train.tokensPerSecond} tokens/s, peak ${train.peakRssMb} MB`
    ])
  if (prefill !== undefined)
    rows.push([`prefill, ${prefill.tokens} tokens, int4`, `${prefill.tokensPerSecond} tokens/s`])
  if (decode !== undefined) rows.push(['decode, int4', `${decode.tokensPerSecond} tokens/s`])
  if (batch8 !== undefined)
    rows.push(
      ['8 sequences, one adapter', `${batch8.sameAdapter.tokensPerSecond} tokens/s`],
      ['8 sequences, 8 adapters', `${batch8.differentAdapters.tokensPerSecond} tokens/s`]
    )
  if (siblings !== undefined)
    rows.push(
      ['16 siblings together, apart', `${siblings.together.toFixed(2)} s, ${siblings.apart.toFixed(2)} s`],
      [
        'an answer under 16, 16 answers under one',
        `${(1000 * siblings.scoreAll).toFixed(0)} ms, ${(1000 * siblings.forwardOne).toFixed(0)} ms`
      ]
    )
  return rows
}
