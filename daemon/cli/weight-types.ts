import { Option } from 'commander'
import { writtenTypes } from '../../node/engine/gguf/pack.ts'

/** How weights are stored in a GGUF file that is written. */
export const ggufTypeOption = (): Option =>
  new Option('--type <type>', 'how weights are stored; norms stay exact').choices([...writtenTypes]).default('F16')

/** How those of a GGUF file that is read are stored in a folder. */
export const folderTypeOption = (): Option =>
  new Option('--dtype <type>', 'weights on disk; as they are, float16 where they are quantised, unless said').choices([
    'F32',
    'F16',
    'BF16'
  ])
