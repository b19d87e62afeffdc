import type { Command } from 'commander'
import { basename, resolve } from 'node:path'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { exportGguf, type WrittenType } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { progress } from '../output.ts'
import { ggufTypeOption } from '../weight-types.ts'
import { print } from './flags.ts'
import { requireFreeFile } from '../free.ts'
import { folderFor } from '../written.ts'

interface ExportFlags {
  model: string
  adapter?: string
  adapterOnly?: boolean
  output: string
  type: WrittenType
  name?: string
  force?: boolean
  json?: boolean
}

export function exportCommand(): Command {
  return command({
    name: 'export',
    summary:
      'write a GGUF file for llama.cpp, Ollama and LM Studio: a model, merged with an adapter, or the adapter alone',
    examples: [
      'tilth engine export --model models/smollm2 --adapter adapters/mine --output mine.gguf --type Q8_0',
      'tilth engine export --model models/smollm2 --adapter adapters/mine --adapter-only --output mine-lora.gguf'
    ]
  })
    .requiredOption('--model <dir>', 'Hugging Face folder of the model')
    .option('--adapter <dir>', 'PEFT folder of an adapter that is added to it')
    .option('--adapter-only', 'the adapter alone, to be loaded beside its base')
    .requiredOption('--output <file>', 'file to write')
    .option('--name <text>', 'what programs show; the name of the folder unless said')
    .option('--force', 'write over what stands at --output')
    .addOption(ggufTypeOption())
    .action(
      guarded(async (flags: ExportFlags) => {
        requireFreeFile(flags.output, { flag: '--output', force: flags.force })
        await folderFor(flags.output, '--output')
        if (flags.adapterOnly === true && flags.adapter === undefined)
          throw new InvalidError('flag-missing', '--adapter-only needs --adapter')
        const shown = progress(`writing ${flags.output}`)
        exportGguf({
          model: flags.model,
          adapter: flags.adapter,
          what: flags.adapterOnly === true ? 'adapter' : 'model',
          file: flags.output,
          type: flags.type,
          name: flags.name ?? basename(resolve(flags.adapter ?? flags.model)),
          onProgress: (done, of) => shown.at(done / of)
        })
        shown.end()
        if (flags.json === true) return print({ output: flags.output })
        console.log(`${flags.output}: ${flags.adapterOnly === true ? flags.adapter : flags.model} as GGUF`)
      })
    )
}
