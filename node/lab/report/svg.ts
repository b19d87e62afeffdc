// Two kinds of plots, drawn as SVG text: rows of dots with their ranges, and rows of stacked bars.

const font = 'font-family="system-ui, sans-serif" font-size="13"'
const ink = '#1f2933'
const faint = '#d5dbe1'
/** Told apart by people who see few colours (Okabe and Ito). */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#d55e00', '#56b4e9', '#8a6d00', '#666666']
const colourOf = (i: number): string => colours[i % colours.length] ?? ink

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const text = (x: number, y: number, of: string, anchor = 'start', more = ''): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${ink}" ${font} ${more}>${escape(of)}</text>`
const round = (value: number): number => Math.round(value * 10) / 10

const [left, width, rowHeight, top] = [170, 470, 28, 46]

function drawing(title: string, height: number, parts: readonly string[]): string {
  const size = `width="${left + width + 40}" height="${height}" viewBox="0 0 ${left + width + 40} ${height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(title)}">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(10, 22, title, 'start', 'font-weight="600"'),
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}

export interface Point {
  readonly value: number
  readonly low?: number
  readonly high?: number
}
export interface DotRow {
  readonly name: string
  /** One for each series; undefined where nothing was found. */
  readonly points: readonly (Point | undefined)[]
}

/**
 * A row for each name, a colour for each series.
 * @param mark a value that is shown as a line, and what it is
 */
export function dots(
  title: string,
  series: readonly string[],
  rows: readonly DotRow[],
  mark?: { readonly value: number; readonly name: string }
): string {
  const points = rows.flatMap(row => row.points.flatMap(point => point ?? []))
  const most = Math.max(0.1, mark?.value ?? 0, ...points.map(({ value, high }) => high ?? value))
  const least = Math.min(0, ...points.map(({ value, low }) => low ?? value))
  const x = (value: number): number => round(left + ((value - least) / (most - least)) * width)
  const bottom = top + rows.length * rowHeight
  const parts: string[] = []
  for (let i = 0; i <= 4; i++) {
    const value = least + ((most - least) * i) / 4
    parts.push(`<line x1="${x(value)}" x2="${x(value)}" y1="${top - 6}" y2="${bottom}" stroke="${faint}"/>`)
    parts.push(text(x(value), bottom + 16, value.toFixed(2), 'middle'))
  }
  rows.forEach((row, i) => {
    const y = top + i * rowHeight + rowHeight / 2
    parts.push(text(left - 10, y + 4, row.name, 'end'))
    row.points.forEach((point, k) => {
      if (point === undefined) return
      const { value, low = value, high = value } = point
      const at = round(y + (series.length > 1 ? (k / (series.length - 1) - 0.5) * 14 : 0))
      const colour = colourOf(k)
      parts.push(`<line x1="${x(low)}" x2="${x(high)}" y1="${at}" y2="${at}" stroke="${colour}" stroke-width="2"/>`)
      parts.push(`<circle cx="${x(value)}" cy="${at}" r="4" fill="${colour}"/>`)
    })
  })
  if (mark !== undefined) {
    const line = `<line x1="${x(mark.value)}" x2="${x(mark.value)}" y1="${top - 6}" y2="${bottom}"`
    parts.push(`${line} stroke="${ink}" stroke-dasharray="4 3"/>`, text(x(mark.value) + 4, top - 9, mark.name))
  }
  return drawing(title, bottom + 50, [...parts, ...legend(series, bottom + 38)])
}

/** A row for each name, stacked to what it has; parts have the same colour in every row. */
export function bars(
  title: string,
  parts: readonly string[],
  rows: readonly { readonly name: string; readonly values: readonly number[] }[]
): string {
  const most = Math.max(1, ...rows.map(({ values }) => values.reduce((a, b) => a + b, 0)))
  const drawn = rows.flatMap(({ name, values }, row) => {
    const y = top + row * rowHeight
    let at = 0
    return [
      text(left - 10, y + rowHeight / 2 + 4, name, 'end'),
      ...values.map((value, i) => {
        const from = round(left + (at / most) * width)
        at += value
        const wide = round((value / most) * width)
        return `<rect x="${from}" y="${y + 3}" width="${wide}" height="${rowHeight - 6}" fill="${colourOf(i)}"/>`
      })
    ]
  })
  const bottom = top + rows.length * rowHeight
  return drawing(title, bottom + 34, [...drawn, ...legend(parts, bottom + 20)])
}

function legend(names: readonly string[], y: number): string[] {
  let x = 14
  return names.flatMap((name, i) => {
    const at = x
    x += 28 + Math.round(name.length * 7.2)
    return [`<rect x="${at}" y="${y - 9}" width="10" height="10" fill="${colourOf(i)}"/>`, text(at + 15, y, name)]
  })
}
