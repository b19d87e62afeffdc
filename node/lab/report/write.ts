import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { NotFoundError } from '../../../protocol/primitives/index.ts'
import type { LabResult } from '../results.ts'
import { readJson, resultsFile } from '../runs/folder.ts'
import type { Mode } from '../types.ts'
import { fairnessOf } from './fairness.ts'
import { plotsOf } from './plots.ts'
import { targetsOf, type Target } from './targets.ts'

export interface ReportRequest {
  readonly mode: Mode
  /** Where a run kept its results. */
  readonly folder: string
  /** The page, and the folder of its plots. */
  readonly page: string
  readonly figures: string
}

/**
 * Writes the page and its plots from what a run found.
 * @throws NotFoundError `lab.report` when there are no results
 */
export function writeReport({ mode, folder, page, figures }: ReportRequest): { written: string[]; targets: Target[] } {
  const path = join(folder, resultsFile(mode))
  if (!existsSync(path))
    throw new NotFoundError('lab.report', `${folder} holds no results of a ${mode} run`, {
      help: `Make them first: tilth lab run${mode === 'full' ? '' : ` --${mode}`}`
    })
  const result = readJson(path) as LabResult
  mkdirSync(dirname(page), { recursive: true })
  mkdirSync(figures, { recursive: true })
  writeFileSync(page, fairnessOf(result, relative(dirname(page), figures).replaceAll('\\', '/')))
  const plots = plotsOf(result)
  for (const { file, svg } of plots) writeFileSync(join(figures, file), svg)
  return { written: [page, ...plots.map(({ file }) => join(figures, file))], targets: targetsOf(result) }
}
