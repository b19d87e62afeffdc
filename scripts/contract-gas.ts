// The table of what transactions cost: made from forge's report, and held to it.
import { join } from 'node:path'

export const gasFile = join(import.meta.dirname, '..', 'test', 'contracts', 'GAS.md')
/** How far a cost may be from the table: what a compiler or a reordered field changes without anybody's notice. */
const margin = 0.03

interface Report {
  readonly test_results: Record<string, Result>
}
interface Result {
  readonly status: string
  readonly reason: string | null
  readonly decoded_logs: readonly string[]
}

/** The contract whose tests measure; what others log is no measure. */
export const measuring = 'GasTest'

function resultsOf(output: string): [string, Result][] {
  const line = output.split('\n').find(text => text.startsWith('{')) ?? '{}'
  const suites = Object.entries(JSON.parse(line) as Record<string, Report>)
  return suites.flatMap(([name, { test_results }]) =>
    name.endsWith(`:${measuring}`) ? Object.entries(test_results) : []
  )
}

/** Tests of gas that failed, in words: what they logged until then is no measure. */
export const failedGas = (output: string): string[] =>
  resultsOf(output).flatMap(([name, { status, reason }]) =>
    status === 'Success' ? [] : [`${name} (${reason ?? status})`]
  )

/** What the tests of gas measured, in their order: `what: gas`. */
export function gasOf(output: string): Map<string, number> {
  const logs = resultsOf(output).flatMap(([, one]) => one.decoded_logs)
  return new Map(
    logs.flatMap(log => {
      const [, what, gas] = /^(.+): ([0-9]+)$/.exec(log) ?? []
      return what === undefined ? [] : [[what, Number(gas)] as const]
    })
  )
}

const written = (gas: number): string => gas.toLocaleString('en-US')

export function gasTable(costs: ReadonlyMap<string, number>): string {
  const most = Math.max(...[...costs.keys()].map(what => what.length))
  const rows = [...costs].map(([what, gas]) => `| ${what.padEnd(most)} | ${written(gas).padStart(7)} |`)
  return [
    '# What transactions cost',
    '',
    'Gas of whole transactions, data and the 21,000 of any transaction with them. Measured by',
    `\`node scripts/contracts.ts gas\`; the tests fail when one is more than ${margin * 100} % from what stands here.`,
    'A proposal costs the same for any number of receipts.',
    '',
    `| ${'transaction'.padEnd(most)} |     gas |`,
    `| ${'-'.repeat(most)} | ------: |`,
    ...rows,
    ''
  ].join('\n')
}

/** Rows that are not what was measured, in words. */
export function wrongGas(table: string, costs: ReadonlyMap<string, number>): string[] {
  const rows = new Map(
    [...table.matchAll(/^\| (.+?) +\| +([0-9,]+) \|$/gm)].map(([, what, gas]) => [
      what ?? '',
      Number((gas ?? '').replaceAll(',', ''))
    ])
  )
  const wrong = [...costs].flatMap(([what, gas]) => {
    const said = rows.get(what)
    if (said === undefined) return [`${what} is not in it`]
    return Math.abs(gas - said) > said * margin ? [`${what} costs ${written(gas)} for ${written(said)}`] : []
  })
  return [...wrong, ...[...rows.keys()].filter(what => !costs.has(what)).map(what => `${what} is measured no more`)]
}
