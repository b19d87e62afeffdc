import type { LabResult } from '../results.ts'
import { oneShotRules } from '../rules/index.ts'
import { mean } from '../truth/shares.ts'
import { dataKinds } from '../types.ts'
import { bars, dots } from './svg.ts'

/** A plot of the report: its file's name and its text; none where nothing was measured of it. */
export interface Plot {
  readonly file: string
  readonly title: string
  readonly svg: string
}

/** Error of each rule by kind of data, uniform questions; the range is that of all worlds and seeds. */
function errors({ worlds }: LabResult): Plot {
  const title = 'Error of shares to truth (L1), by rule and kind of data'
  const rows = oneShotRules.map(rule => ({
    name: rule,
    points: dataKinds.map(data => {
      const found = worlds.flatMap(world =>
        world.data === data && world.judged !== 'likelihood' ? (world.logs.uniform?.rules[rule]?.error ?? []) : []
      )
      if (found.length === 0) return undefined
      return {
        value: mean(found.map(one => one.mean)),
        low: Math.min(...found.map(one => one.low)),
        high: Math.max(...found.map(one => one.high))
      }
    })
  }))
  return { file: 'errors.svg', title, svg: dots(title, dataKinds, rows, { value: 0.05, name: 'aimed at' }) }
}

/** Who gets what in the first world, under the uniform log. */
function shares({ worlds }: LabResult): Plot[] {
  const [world] = worlds
  const log = world?.logs.uniform
  if (world === undefined || log === undefined) return []
  const title = `Who is paid what: ${world.name}, uniform questions`
  const rows = [
    { name: 'truth', values: log.truth },
    ...oneShotRules.flatMap(rule => {
      const found = log.rules[rule]
      return found === undefined ? [] : [{ name: rule, values: found.shares }]
    })
  ]
  return [
    {
      file: 'shares.svg',
      title,
      svg: bars(
        title,
        world.players.map(({ name }) => name),
        rows
      )
    }
  ]
}

/** What each attack takes under the present rule, beside the first rule and a split by rows. */
function attacks({ attacks: found }: LabResult): Plot[] {
  if (found.length === 0) return []
  const title = 'What attacks take, as a share of what each was after'
  const series = ['present', 'kernel-shap', 'rows'] as const
  const rows = [...new Set(found.map(({ name }) => name))].map(name => ({
    name,
    points: series.map(rule => {
      const values = found.flatMap(one => (one.name === name ? (one.taken[rule] ?? []) : []))
      if (values.length === 0) return undefined
      return { value: mean(values), low: Math.min(...values), high: Math.max(...values) }
    })
  }))
  return [{ file: 'attacks.svg', title, svg: dots(title, series, rows) }]
}

export const plotsOf = (result: LabResult): Plot[] => [errors(result), ...shares(result), ...attacks(result)]
