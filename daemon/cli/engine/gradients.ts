import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { readTrainRows, rowGradients } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { table } from '../output.ts'
import { exactRuntime, print, shared, type Shared } from './flags.ts'

export function gradientsCommand(): Command {
  return shared(
    command({
      name: 'gradients',
      summary: "each example's loss, and the dot products of the examples' gradients over the adapter",
      examples: [
        'tilth engine gradients --model models/seedling --adapter adapters/elements --examples rows.json --json'
      ]
    }),
    ['none', 'nf4', 'nf4-double']
  )
    .requiredOption('--examples <file>', '{"ids": [[…]], "labels": [[…]]}')
    .action(
      guarded(async (flags: Shared & { examples: string }) => {
        if (flags.adapter === undefined)
          throw new InvalidError('flag-missing', 'gradients are taken over an adapter: give --adapter DIR')
        const result = await rowGradients({
          ...flags,
          adapter: flags.adapter,
          rows: readTrainRows(flags.examples),
          runtime: await exactRuntime(flags)
        })
        if (flags.json === true) return print(result)
        console.log(
          table(
            ['row', 'loss', 'gradient norm'],
            result.loss.map((loss, i) => [
              String(i),
              loss.toFixed(4),
              Math.sqrt(result.gradDot[i]?.[i] ?? 0).toExponential(3)
            ]),
            [0, 1, 2]
          )
        )
      })
    )
}
