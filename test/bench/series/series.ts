import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { writeWhole } from '../../../node/store/index.ts'

/** One size's figures, by name; with what else the machine did when it was measured. */
export interface Row {
  readonly size: number
  readonly load: number
  readonly [figure: string]: number
}

/** Middle and ends of a list of times. */
export function quantiles(times: readonly number[]): { p50: number; p99: number; most: number } {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  return { p50: at(0.5), p99: at(0.99), most: sorted.at(-1) ?? NaN }
}

/**
 * Measures sizes one after another. What was measured is kept in a file after each, and not measured again by a run
 * that is given the same file: a run that was ended goes on where it was.
 * @param into the file; undefined keeps nothing
 */
export async function measured(
  sizes: readonly number[],
  into: string | undefined,
  measure: (size: number) => Promise<Readonly<Record<string, number>>>
): Promise<Row[]> {
  let rows: Row[] = []
  try {
    if (into !== undefined) rows = (JSON.parse(await readFile(into, 'utf8')) as { rows: Row[] }).rows
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  for (const size of sizes) {
    if (rows.some(row => row.size === size)) continue
    const before = loadavg()[0] ?? 0
    const row = { size, load: before, ...(await measure(size)) }
    process.stderr.write(`${JSON.stringify(row)}\n`)
    rows.push(row)
    if (into !== undefined) await writeWhole(into, JSON.stringify({ rows }, null, 2))
  }
  return rows.filter(({ size }) => sizes.includes(size)).sort((a, b) => a.size - b.size)
}

/** How each figure grows: in proportion to sizeᵉ between the two largest sizes. */
export function growth(rows: readonly Row[]): Record<string, number> {
  const [before, last] = rows.slice(-2)
  if (before === undefined || last === undefined) return {}
  const ratio = Math.log(last.size / before.size)
  return Object.fromEntries(
    Object.keys(last)
      .filter(name => name !== 'size' && name !== 'load')
      .map(name => [name, Math.log((last[name] ?? NaN) / (before[name] ?? NaN)) / ratio])
  )
}

const rounded = (row: object): object =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(Number(value).toPrecision(3))]))

export function show(rows: readonly Row[], json: boolean): void {
  const machine = `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores`
  const exponents = growth(rows)
  if (json) console.log(JSON.stringify({ machine, rows, exponents }))
  else {
    console.log(machine)
    console.table(rows.map(rounded))
    if (rows.length > 1) console.log('grows with the size to the power of', rounded(exponents))
  }
}

/** Whole numbers between commas. @throws Error for anything else */
export function sizesOf(text: string): number[] {
  const sizes = text.split(',').map(Number)
  if (sizes.some(size => !Number.isSafeInteger(size) || size < 1)) throw new Error(`no sizes: ${text}`)
  return sizes
}
