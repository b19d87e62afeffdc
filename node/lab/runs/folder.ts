import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalJson, contentHash, InvalidError } from '../../../protocol/primitives/index.ts'
import type { Mode } from '../types.ts'
import { writeWhole } from '../../store/index.ts'

/** How a lot was trained. */
export interface LotLog {
  readonly seconds: number
  /** Tokens that each sibling was trained on. */
  readonly tokens: readonly number[]
}

/**
 * Where a run keeps what it found: lots of adapters, measurements, results. Everything is named by the hash of what it
 * follows from and appears whole or not at all, so a run that was killed goes on, and one that asks for the same again
 * finds it.
 */
export class LabFolder {
  readonly path: string
  #measuring = 0

  constructor(path: string) {
    this.path = path
    for (const name of ['lots', 'found']) mkdirSync(join(path, name), { recursive: true })
  }

  lot(key: string): string {
    return join(this.path, 'lots', key)
  }

  hasLot(key: string): boolean {
    return existsSync(this.lot(key))
  }

  /** Makes a lot's folder by filling another one first; what filling it said stands beside its adapters. */
  async makeLot(key: string, fill: (folder: string) => Promise<LotLog>): Promise<void> {
    const unfinished = `${this.lot(key)}.unfinished`
    rmSync(unfinished, { recursive: true, force: true })
    mkdirSync(unfinished)
    writeFileSync(join(unfinished, 'log.json'), JSON.stringify(await fill(unfinished)))
    renameSync(unfinished, this.lot(key))
  }

  lotLog(key: string): LotLog {
    return readJson(join(this.lot(key), 'log.json')) as LotLog
  }

  /** What follows from `of`: read where it is known, else found out and kept. */
  async measured<T>(of: unknown, find: () => Promise<T>): Promise<T> {
    const path = join(this.path, 'found', `${contentHash(of).slice(2, 34)}.json`)
    if (!existsSync(path)) {
      const started = performance.now()
      const found = await find()
      await writeWhole(path, JSON.stringify({ seconds: (performance.now() - started) / 1000, found }))
    }
    const { seconds, found } = readJson(path) as { seconds: number; found: T }
    this.#measuring += seconds
    return found
  }

  /** Seconds that finding out took, now or in an earlier run, of all that was asked for since the last call. */
  takeSeconds(): number {
    const seconds = this.#measuring
    this.#measuring = 0
    return seconds
  }

  async writeResult(name: string, result: unknown): Promise<string> {
    const path = join(this.path, name)
    await writeWhole(path, `${JSON.stringify(JSON.parse(canonicalJson(result)), null, 1)}\n`)
    return path
  }
}

/** @throws InvalidError `lab.folder` for a file that is damaged */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new InvalidError('lab.folder', `${path} cannot be read`, {
      cause,
      help: 'Delete that file: what was in it is found out again.'
    })
  }
}

/** What a run's results are called, in its folder; those of a part, or of another rate, do not replace the whole. */
export const resultsFile = (mode: Mode, isOwn = false): string => `results-${mode}${isOwn ? '-only' : ''}.json`
