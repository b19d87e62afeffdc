import type { Command } from 'commander'
import { inspectModel, surveyProviders } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { table } from '../output.ts'
import { print } from './flags.ts'

const mega = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`

export function inspectCommand(): Command {
  return command({
    name: 'inspect',
    summary: 'what a model folder holds, and what it takes to serve and tune it',
    examples: ['tilth engine inspect --model models/seedling']
  })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .action(
      guarded(async (flags: { model: string; json?: boolean }) => {
        const found = inspectModel(flags.model)
        const survey = await surveyProviders()
        if (flags.json === true)
          return print({
            ...found,
            machine: { ...found.machine, gpus: survey.gpus, provider: survey.chosen, findings: survey.findings }
          })
        const { config: c, memory: m } = found
        console.log(
          `${found.architecture}, ${found.parameters.toLocaleString('en')} parameters stored as ${found.storedAs}`
        )
        console.log(
          `${c.layers} layers of ${c.hidden}, ${c.heads} heads (${c.keyHeads} for keys), ` +
            `vocabulary ${c.vocabulary}, context ${c.context}\n`
        )
        const methods = [
          ['serve', 'serve'],
          ['serve in 4 bits', 'serveInt4'],
          ['tune by LoRA', 'tuneLora'],
          ['tune by QLoRA', 'tuneQlora'],
          ['train in full', 'tuneFull']
        ] as const
        console.log(
          table(
            ['to', 'memory, about', 'here'],
            methods.map(([name, key]) => [name, mega(m[key]), found.fits[key] ? 'fits' : 'too large']),
            [1]
          )
        )
        console.log(
          `\nThis machine: ${found.machine.cores} cores, ${mega(found.machine.memory)}; computes on ${survey.chosen}`
        )
        for (const { provider, usable, reason, help } of survey.findings) {
          console.log(`  ${provider.padEnd(7)} ${usable ? '' : 'not usable: '}${reason}`)
          if (help !== undefined) console.log(`          ${help}`)
        }
      })
    )
}
