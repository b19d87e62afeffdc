import { Option, type Command } from 'commander'
import { mergeAdapter } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { print } from './flags.ts'
import { requireFree } from '../free.ts'

interface MergeFlags {
  model: string
  adapter: string
  output: string
  dtype: 'F32' | 'BF16'
  force?: boolean
  json?: boolean
}

export function mergeCommand(): Command {
  return command({
    name: 'merge',
    summary: 'write a model folder with an adapter added to its weights',
    examples: ['tilth engine merge --model models/seedling --adapter adapters/elements --output models/elements']
  })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .requiredOption('--adapter <dir>', 'PEFT folder of the adapter')
    .requiredOption('--output <dir>', 'folder to write')
    .option('--force', 'write over what stands in --output')
    .addOption(new Option('--dtype <type>', 'weights on disk').choices(['F32', 'BF16']).default('F32'))
    .action(
      guarded(async (flags: MergeFlags) => {
        requireFree(flags.output, { flag: '--output', force: flags.force })
        mergeAdapter(flags)
        if (flags.json === true) return print({ output: flags.output })
        console.log(`${flags.output}: ${flags.model} with ${flags.adapter} added`)
      })
    )
}
