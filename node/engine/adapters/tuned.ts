import { join } from 'node:path'
import type { ModelConfig } from '../architecture/config.ts'
import { parseBounded } from '../graph/files.ts'
import { fullType, isFull, readFull, writeFull, type Tuned } from './full.ts'
import { folderHelp, mostConfigBytes, readAdapter, writeAdapter, type Reads } from './peft.ts'

/** Reads what training yielded, of either kind. @throws ModelError as readAdapter and readFull */
export function readTuned(folder: string, config: ModelConfig, reads: Reads = 'plain'): Tuned {
  const json = parseBounded(join(folder, 'adapter_config.json'), mostConfigBytes, 'adapter-config', folderHelp)
  const isOfFull = typeof json === 'object' && json !== null && 'peft_type' in json && json.peft_type === fullType
  return isOfFull ? readFull(folder, config, json) : readAdapter(folder, config, reads)
}

/** @param dropout that an adapter was trained with */
export function writeTuned(folder: string, tuned: Tuned, base: string, dropout = 0): void {
  if (isFull(tuned)) writeFull(folder, tuned, base)
  else writeAdapter(folder, tuned, base, dropout)
}
