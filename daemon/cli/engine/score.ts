import type { Command } from 'commander'
import { readExamples, scoreIds } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { table } from '../output.ts'
import { print, runtime, shared, type Shared } from './flags.ts'

export function scoreCommand(): Command {
  return shared(
    command({
      name: 'score',
      summary: 'logits of the last position, and losses where labels are given',
      examples: ['tilth engine score --model models/seedling --input rows.json --json']
    })
  )
    .requiredOption('--input <file>', '{"ids": [[…]], "labels": [[…]]?}')
    .action(
      guarded(async (flags: Shared & { input: string }) => {
        const { ids, labels } = readExamples(flags.input)
        const result = await scoreIds({ ...flags, ids, labels, runtime: await runtime(flags) })
        if (flags.json === true) return print(result)
        console.log(
          table(
            ['row', 'tokens', 'likeliest next', 'loss'],
            ids.map((row, i) => {
              const last = result.logitsLast[i] ?? []
              return [
                String(i),
                String(row.length),
                String(last.indexOf(Math.max(...last))),
                result.loss?.[i]?.toFixed(4) ?? ''
              ]
            }),
            [0, 1, 2, 3]
          )
        )
      })
    )
}
