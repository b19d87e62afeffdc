import type { Command } from 'commander'
import { importGguf } from '../../../node/engine/index.ts'
import { command, guarded } from '../command.ts'
import { progress } from '../output.ts'
import { folderTypeOption } from '../weight-types.ts'
import { print } from './flags.ts'
import { requireFree } from '../free.ts'

interface ImportFlags {
  output: string
  dtype?: 'F32' | 'F16' | 'BF16'
  force?: boolean
  json?: boolean
}

export function importCommand(): Command {
  return command({
    name: 'import',
    summary: 'write the model of a GGUF file as a Hugging Face folder',
    examples: ['tilth engine import SmolLM2-135M-Instruct.Q4_1.gguf --output models/smollm2']
  })
    .argument('<file>', 'GGUF file of a Llama, Mistral, Qwen2 or Qwen3')
    .requiredOption('--output <dir>', 'folder to write')
    .option('--force', 'write over what stands in --output')
    .addOption(folderTypeOption())
    .action(
      guarded(async (file: string, { output, dtype, force, json }: ImportFlags) => {
        requireFree(output, { flag: '--output', force })
        const shown = progress(`reading ${file}`)
        const found = importGguf({ file, output, dtype, onProgress: (done, of) => shown.at(done / of) })
        shown.end()
        if (json === true) return print({ output, ...found })
        console.log(
          `${output}: ${found.architecture}, ${found.parameters.toLocaleString('en')} parameters, ` +
            `${found.from.join(', ')} written as ${found.to.join(', ')}`
        )
      })
    )
}
